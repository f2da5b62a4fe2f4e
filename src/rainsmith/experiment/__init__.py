"""The command ``experiment``: do synthetic days make a downscaler better?"""
