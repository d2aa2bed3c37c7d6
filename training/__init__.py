"""How is it fitted, measured, calibrated and saved?"""
