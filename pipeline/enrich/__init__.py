"""The chain: what a title lives through, from a catalogue row to a point in the store, over many titles at once.

``selection`` which titles, claimed window by window · ``fetching`` one platform over the whole selection ·
``asking`` its requests · ``steps`` convert, align, six stages, assemble · ``learning`` ids that rows lack ·
``loading`` embed and load · ``chain`` its links one by one · ``runner`` all of it together ·
``plan`` what a run would ask · ``rehearsal`` practice platforms behind a run · ``opening`` all of it from settings.
Everything it knows between two lines is in the ledger, so it may die anywhere.
"""
