"""How is it fitted, measured, calibrated, kept and asked?"""
