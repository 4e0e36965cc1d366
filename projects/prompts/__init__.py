"""From timed scenes to the words that a model is sent, and back from what people paste. No Django, no app.

`script` says what a script is, `compiling` makes a prompt of it, `checking` says what is wrong with it,
`pasted` reads what people paste, `parts` reads and writes it as JSON.
"""

from projects.prompts.checking import Problem, problems
from projects.prompts.compiling import Form, compile_prompt, estimate_tokens
from projects.prompts.languages import LANGUAGES
from projects.prompts.parts import read_parts, write_parts
from projects.prompts.pasted import read_script
from projects.prompts.script import MOST_SCENES, Scene, Script, ScriptError, Speaker, speakers_in

__all__ = [
    "LANGUAGES",
    "MOST_SCENES",
    "Form",
    "Problem",
    "Scene",
    "Script",
    "ScriptError",
    "Speaker",
    "compile_prompt",
    "estimate_tokens",
    "problems",
    "read_parts",
    "read_script",
    "speakers_in",
    "write_parts",
]
