"""Algorithm 1 of the paper as printed, in batch, for any utility: the reference of ``algorithm1``.

Xiao, Dou, Lin, Ke and Hou, "From Points to Coalitions: Hierarchical Contrastive Shapley Values for
Prioritizing Data Samples", AAAI 2026. Stage III in four modules: ``interpretation`` names what the
text leaves open, ``estimates`` plays a level's game (Eq. 13), ``budgets`` propagates and rescales
(Eq. 14–15, line 9), ``algorithm`` walks the levels and splits the leaves; ``sampler`` plays it in
rounds. Stage I and its α are the encoder's (``encoder_training``), stage II is ``levels``.
``docs/algorithm1.md`` gives the default interpretation and the reasons for it.
"""

from hcdv_stream.valuation.methods.algorithm1.algorithm import Algorithm1Values, Level, algorithm_1
from hcdv_stream.valuation.methods.algorithm1.interpretation import Interpretation
from hcdv_stream.valuation.methods.algorithm1.sampler import Algorithm1Sampler

__all__ = ["Algorithm1Sampler", "Algorithm1Values", "Interpretation", "Level", "algorithm_1"]
