"""Step 2 for many titles: what is asked of each platform and what came of it, in whatever way the answers came.

``fetching`` walks titles, ``asking`` sends rounds of requests, ``freshness`` says who is due; ``guarding`` and
``decay`` stop a platform that is no longer what it was; ``learning`` finds ids no row lists. ``importing``, ``listing``
and ``sweeping`` bring answers that were not asked title by title. Nothing here knows what is decided later.
"""
