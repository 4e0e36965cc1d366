"""A stand-in for Google's video API: a real HTTP server that renders real MP4 files, for demos and tests.

    from projects.simulator.app import Simulator

    with Simulator(state_dir, latency=0) as simulator:
        ...  # point a client at simulator.url

Its wires: Gemini Omni (interactions), Veo on Vertex AI with Cloud Storage, and Veo on the Gemini API, which
is gone from Google and lives on in relays. Access tokens come from its OAuth endpoint. Each wire's module
says what is faithful there and what is a guess; docs/simulator.md has the whole list.

State of knowledge: 22 November 2026. It shares nothing with the client but the model catalog, so that a field
misnamed in the client cannot be misnamed alike here.

Faithful, that is read in Google's documents, in its SDK's converters, or reported by several people: paths,
request fields, submit and poll bodies (`done` absent while running), the 302 of a download, file metadata,
the names of objects, the credential rules and their answers, and the texts of these errors: no credential, a
key where only tokens count, key as Bearer, bad key, missing scope or role, revoked account,
`durationSeconds` as text, `inlineData`, retired model, quota, expired or foreign file.

A guess, because nobody wrote it down: the wording of other 400s; what an unknown operation answers; the
shape and order of the operations list; Range, If-Range and ETag on downloads; the exact Location of the
302; a download without `alt=media`; whether the hash of a file is of the raw digest; gRPC texts of failed
operations; whether Vertex AI lists its Veo models among those it publishes.

Not here: webhooks (accepted, never sent), uploads, upscaling, Omni on Vertex AI, and rate limits of its own.
"""
