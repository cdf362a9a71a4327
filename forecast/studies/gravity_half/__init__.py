"""The gravity half of a study of one pair: what a panel says of its growth and its future.

One pair identifies nothing. What agreements do is taken from estimates on a panel of many
pairs, what soft events may do from the range of the literature, what all neighbours had
from a control group; the rest is the pair's own and stays unexplained. `finding` conducts.
"""
