"""Where collected static files live: hashed names, compressed, ES module imports rewritten to the hashed names."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Lets browsers cache every file for ever, scripts that import each other included."""

    support_js_module_import_aggregation = True
