"""`{% module "board/main.js" %}`: a script of the page, and the modules it imports, fetched in one go."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from calls.web.stack.script_modules import imported_by

register = template.Library()


@register.simple_tag
def module(entry: str) -> SafeString:
    """Return the script's element, after a link for each module that it will ask for."""
    addresses = ((static(name),) for name in imported_by(entry))
    links = format_html_join("\n  ", '<link rel="modulepreload" href="{}">', addresses)
    return format_html('{}\n  <script src="{}" type="module"></script>', links, static(entry))
