"""`python -m helpline` is the command `annyeong120`."""

from helpline.cli import main

if __name__ == "__main__":
    main()
