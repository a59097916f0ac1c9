"""Zones and strata on published data, whole in place."""

import numpy as np
import pandas as pd

from craton.decide import zone_inequality

PREVALENCE = """
    594 587 592 632 649 646 651 670 668 665 665 660 666 586 693 650 637 664 643 701 677 636 644 652
    583 632 633 646 663 653 659 658 663 661 704 589 657 653 658 653 655 657 657 649 656 657 597 654
    671 658 663 742 671 682 656 682 586 680 774 692 675 706 710 669 681 699 679 598 701 720 695 674
    677 673 657 755 604 628 638 621 633 619 645 619 614 620 614 595 627 614 618 609 604 601 601 609
    585 588 580 578 570 582 573 579 580 645 647 611 598 612 615 604 606 595 609 611 627 628 628 596
    623 653 625 614 648 602 603 613 607 609 566 620 613 599 613 601 611 617 619 618 609 574 619 629
    625 624 633 623 635 632 637 621 588 620 658 644 648 740 638 644 665 686 671 610 688 672 630 665
    634 722 650 652 653 643 589 650 648 650 638 618 639 645 686 629 649
"""
"""Neural tube defects in 185 villages of Heshun, in hundredths of the unit of Wang and others (2010)."""

SOIL = (
    "7551333333333533337227775777737232352333321221523373333353333333333533333377177777777731737777775755"
    "5555511371133333111111133113335311171131157111331111511112111115777111117757771311221"
)
WATERSHED = (
    "5557222222222522229999996999999999969999997797679992422262222224222622244433633333333335331115516566"
    "6666688858888888888588811111115111111111151111118111518888788835333783333353337178777"
)
ELEVATION = (
    "5551444444444544441111317111614161451441411441546166166676666666666566461633533333222225322232335577"
    "7777733153113111111511333333335133133113353311131111511111111115111111311153311311111"
)
"""Classes of the villages, a digit each, in the same order.

The demonstration data of the GeoDetector software, facts as its authors publish them.
"""

PRINTED = {
    "watershed": (0.6377737, 0.000128803),
    "elevation": (0.6067087, 0.043382244),
    "soil": (0.3857168, 0.372145486),
}
"""q and the chance from the noncentral F as the manual of the R package gdverse prints them."""


def test_neural_tube_defects_of_heshun():
    """The q of watershed, elevation and soil type, and their chances, to all printed digits."""
    table = pd.DataFrame({
        "prevalence": np.array(PREVALENCE.split(), float) / 100,
        "watershed": list(WATERSHED), "elevation": list(ELEVATION), "soil": list(SOIL),
    })  # fmt: skip
    told = zone_inequality.factor_detector(table, "prevalence", tuple(PRINTED)).set_index("factor")
    np.testing.assert_allclose(told.loc[list(PRINTED), ["q", "p_value"]], list(PRINTED.values()), atol=5e-8)
    assert told["units"].eq(185).all()
    assert told["strata"].to_dict() == {"watershed": 9, "elevation": 7, "soil": 5}
