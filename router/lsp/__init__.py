"""The language server behind `router lsp`: lint's findings in an editor, while the author types."""
