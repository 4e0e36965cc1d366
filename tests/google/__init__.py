"""The client against the real Google: costs money, and runs only through `make test-google`."""
