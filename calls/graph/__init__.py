"""Everything that knows Microsoft Graph's wire, and nothing else: no ORM, no Channels, no Django request.

vocabulary   Graph's words for states, reasons, modalities
payloads     bytes of a callback → typed notifications
bearer       the tokens on callbacks and the keys that sign them
http         the outgoing clients and their trust
credentials  our own tokens, through MSAL
client       reject a call, look at a call
"""
