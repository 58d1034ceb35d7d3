"""Algorithm 1 of the paper as printed, in batch, for any utility: the reference of ``algorithm1``.

Xiao, Dou, Lin, Ke and Hou, "From Points to Coalitions: Hierarchical Contrastive Shapley Values for
Prioritizing Data Samples", AAAI 2026. Stage III in four modules: ``reading`` names what the text
leaves open, ``estimates`` plays a level's game (Eq. 13), ``budgets`` propagates and rescales
(Eq. 14–15, line 9), ``algorithm`` walks the levels and splits the leaves; ``sampler`` plays it in
rounds. Stage I and its α are the encoder's (``encoder_training``), stage II is ``levels``.
``docs/algorithm1.md`` says which readings are the defaults and why.
"""

from hcdv_stream.valuation.methods.algorithm1.algorithm import Level, Valuation, algorithm_1
from hcdv_stream.valuation.methods.algorithm1.interpretation import Reading
from hcdv_stream.valuation.methods.algorithm1.sampler import PrintedSampler

__all__ = ["Level", "PrintedSampler", "Reading", "Valuation", "algorithm_1"]
