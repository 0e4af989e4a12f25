"""Microsoft Graph's wire formats and requests. Imports no Django and nothing of the product outside this room."""
