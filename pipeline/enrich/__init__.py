"""The chain: what a title lives through, from a catalogue row to a point in the store, over many titles at once.

``syncing`` the catalogue · ``selection`` which titles, claimed window by window · ``fetch`` (a room) platforms asked ·
``steps`` convert, align, six stages, assemble · ``loading`` and ``writing`` embed and load · ``chain`` its links one by
one · ``runner`` all of it together · ``plan`` what a run would ask · ``rehearsal`` practice platforms behind a run ·
``opening`` all of it from settings · ``memory`` of its process. Beside it: ``replay`` (a room) runs without a network,
``review`` (a room) what persons decide, ``quality``, ``survey`` and ``comparing`` what is told of it.
Everything it knows between two lines is in the ledger, so it may die anywhere.
"""
