"""Webhooks: from what is said on the bus to the receivers of tenants that want to be told.

::

    bus ──▶ Hearing ──▶ deliveries, one for each event and webhook ──claim, leased──▶ Lanes
             ▲ bound for tenants                      ▲                                 │
          Bindings   that have a webhook              └── arrived, or when again ──── Sender
"""
