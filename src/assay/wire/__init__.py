"""Message code of proto/, generated at build by hatch_build.py; faces and adapters alone import it."""
