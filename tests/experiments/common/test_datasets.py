"""The readers, on small files of the same shape as the real ones."""

import numpy as np
import pytest

from hcdv_stream.experiments.common.datasets import DatasetError, adult, online_shoppers

SHOPPERS = (
    "Administrative,BounceRates,PageValues,Month,OperatingSystems,VisitorType,Weekend,Revenue\r\n"
    "0,0.2,0,Feb,1,Returning_Visitor,FALSE,FALSE\r\n"
    "3,0.0,54.1,Mar,2,New_Visitor,TRUE,TRUE\r\n"
)
ADULT = (
    "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, "
    "Male, 2174, 0, 40, United-States, <=50K\n"
)
ADULT_TEST = (
    "|1x3 Cross validator\n"
    "25, ?, 226802, 11th, 7, Never-married, ?, Own-child, Black, Male, 0, 0, 40, ?, >50K.\n"
)


@pytest.fixture
def data(tmp_path):
    (tmp_path / "online_shoppers").mkdir()
    (tmp_path / "adult").mkdir()
    (tmp_path / "online_shoppers/online_shoppers_intention.csv").write_text(SHOPPERS)
    (tmp_path / "adult/adult.data").write_text(ADULT)
    (tmp_path / "adult/adult.test").write_text(ADULT_TEST)
    return tmp_path


def test_online_shoppers(data):
    shoppers = online_shoppers(data)
    assert shoppers.labels.tolist() == [0, 1]
    assert shoppers.columns["PageValues"].tolist() == [0.0, 54.1]
    assert shoppers.columns["OperatingSystems"].tolist() == ["1", "2"]
    assert shoppers.columns["Weekend"].tolist() == [0.0, 1.0]
    assert "Revenue" not in shoppers.columns
    assert "PageValues" not in online_shoppers(data, page_values=False).columns


def test_matrix_codes_categories_by_rank(data):
    shoppers = online_shoppers(data)
    names = list(shoppers.columns)
    assert shoppers.matrix()[:, names.index("Month")].tolist() == [0.0, 1.0]
    assert shoppers.matrix()[:, names.index("VisitorType")].tolist() == [1.0, 0.0]
    assert shoppers.categorical[names.index("Month")]
    assert not shoppers.categorical[names.index("BounceRates")]


def test_adult_reads_both_files_and_their_missing_values(data):
    census = adult(data)
    first, second = (0, 1) if census.labels[0] == 0 else (1, 0)
    assert sorted(census.labels.tolist()) == [0, 1]
    assert census.columns["workclass"][first] == "State-gov"
    assert census.columns["workclass"][second] is None
    assert np.isnan(census.matrix()[second, list(census.columns).index("workclass")])
    assert len(adult(data, size=1)) == 1


def test_a_missing_folder_says_what_to_name(tmp_path):
    with pytest.raises(DatasetError, match=r"online_shoppers_intention\.csv.*with --data"):
        online_shoppers(tmp_path)
