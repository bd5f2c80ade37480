"""Set-up in one command, from the standard library alone: nothing here imports a package.

`setup.ensure` is the way in; `interpreter` makes `.venv`, `node` fills `node_modules`, `browser`
finds Chromium, `shell` runs installers and words their failures. Every file must still be parsed
and imported by Python 3.8, so that an old interpreter reads a sentence and not a syntax error.
"""
