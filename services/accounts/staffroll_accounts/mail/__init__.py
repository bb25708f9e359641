"""Mail: from what waits, sealed, in users' documents to a server or a folder.

::

    Decision.mails ──one write──▶ user document { state, mails: [sealed] }
                                        │ claim (leased)         ▲ sent: $pull
                                        ▼                        │ later: a later moment
                                      Post ──render──▶ Carrier ──┘
                                                       Smtp | Folder
"""
