"""A real Spark cluster of two workers on this machine, which all its tests share."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
ON_SPARK = [
    pytest.mark.xdist_group("spark"),  # one cluster for all of them
    pytest.mark.timeout(900),  # many stages, each of which waits for processes
    pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="pyspark is not installed (extra: spark)"),
    pytest.mark.skipif(os.system("java -version 2> /dev/null") != 0, reason="Spark needs Java"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
"""marks of each test of it"""


def started(work: Path) -> Iterator[Any]:
    """Two workers with an executor each: other processes than the driver, which get the model over the network."""
    import pyspark
    from pyspark.sql import SparkSession

    paths = os.pathsep.join([str(ROOT), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    settings = {
        "SPARK_HOME": os.environ.get("SPARK_HOME", str(Path(pyspark.__file__).parent)),
        "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", "PYTHONPATH": paths,
        "SPARK_WORKER_DIR": str(work / "workers"), "SPARK_CONF_DIR": str(ROOT / "tests" / "spark"),
    }  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        session = (
            SparkSession.builder.master(os.environ.get("MISMATCH_SPARK_MASTER", "local-cluster[2,1,1024]"))
            .config("spark.local.dir", str(work / "local"))
            .config("spark.sql.warehouse.dir", str(work / "warehouse"))
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "50")
            .config("spark.excludeOnFailure.enabled", "false")
            .getOrCreate()
        )
        session.sparkContext.setLogLevel("OFF")
        yield session
        session.stop()
