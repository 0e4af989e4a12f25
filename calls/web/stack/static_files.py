"""Storage of collected static files: hashed names, compression, and ES module imports rewritten to hashed names."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class ModuleManifestStorage(CompressedManifestStaticFilesStorage):
    """Gives every file a hashed name, including ES modules that import each other."""

    support_js_module_import_aggregation = True
