"""The window. It imports services and domain, never the database, file formats or vendors.

`main_window` has the top bar, the navigation rail, the message bar and the review page; `page_registry` creates the
other pages. Each page is in the package of its feature:

    Review    review.page           Audit     audit.page
    Library   data.library_page     Curate    curation.page
    Evaluate  evaluation.page       Disputes  team.disputes_page
    Judges    judging.page          Generate  generation.page
    Start     workspace.welcome     Team      team.page

`common` has what several features use: actions and shortcuts, theme, messages, background operations, widgets.
"""
