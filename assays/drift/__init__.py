"""The mathematics of drift: values to bins, bins to scores, scores to what explains them. numpy only.

The rules are the vendor's where they could be verified on its recorded numbers, and otherwise choices of this project,
marked as such. Bins are closed on the right, NaN and null count as minus infinity, quantiles are linear.
"""
