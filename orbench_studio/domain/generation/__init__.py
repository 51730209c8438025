"""Domain objects of generation: parsing the replies of writers and moderators."""
