"""One module per noun. Views read rows and write rows; none of them talks to Google (promise P6)."""
