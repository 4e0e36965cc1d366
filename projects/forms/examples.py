"""Prompts to start from, for empty pages and the first project."""

EXAMPLES: list[dict[str, str]] = [
    {
        "title": "Rain on neon",
        "prompt": (
            "A night market in the rain. The camera glides low between food stalls, neon signs mirrored in "
            "the puddles, steam rising from a wok. A vendor looks up and smiles. Sound: rain on canvas, "
            "sizzling oil, soft chatter."
        ),
        "negative_prompt": "",
        "aspect_ratio": "16:9",
    },
    {
        "title": "The lighthouse keeper",
        "prompt": (
            "Close-up of an old lighthouse keeper by a storm lantern. He listens to the wind, then says "
            'quietly: "She will find her way home." Warm lantern light, blue dusk behind the window, shallow '
            "focus."
        ),
        "negative_prompt": "subtitles, text",
        "aspect_ratio": "16:9",
    },
    {
        "title": "Paper city",
        "prompt": (
            "Stop motion: a city folds itself out of white paper, street by street, until tiny paper trams "
            "begin to run. View from above, soft morning light, crisp shadows. Sound: rustling paper, a "
            "bicycle bell."
        ),
        "negative_prompt": "",
        "aspect_ratio": "9:16",
    },
]
