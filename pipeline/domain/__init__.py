"""The words everything else speaks. Imports nothing of ours but ``errors``.

``names`` closed sets · ``canonical`` bytes and digests · ``title`` the catalogue's row and a title · ``exchange``
questions and answers · ``source_title`` one platform's word · ``aligned`` who is who · ``claims`` choices and reasons
· ``drafts`` what stages decide · ``record`` what leaves the house.
"""
