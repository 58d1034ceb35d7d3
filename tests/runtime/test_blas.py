"""The estimator and the valuation of files leave the second core to others, and give it back."""

from threadpoolctl import threadpool_info, threadpool_limits

from hcdv_stream.runtime.blas import one_blas_thread


def blas() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_blas_has_one_thread_until_the_block_ends() -> None:
    with threadpool_limits(limits=2, user_api="blas"):
        assert blas() == {2}
        with one_blas_thread():
            assert blas() == {1}
        assert blas() == {2}
