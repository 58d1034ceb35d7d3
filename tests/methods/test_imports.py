"""What the front door loads."""

import subprocess
import sys


def test_it_loads_neither_torch_nor_the_service() -> None:
    script = (
        "import sys, hcdv_stream.methods as m;"
        "m.KNNShapley('identity').fit([[0.], [1.]], [0, 1], [[0.]], [1]);"
        "heavy = {'torch', 'matplotlib', 'faust', 'aiokafka', 'kafka', 'rocksdict', 'fastapi'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
