"""The use cases of the studio, one module each. They receive a workspace and know no window and no command line."""
