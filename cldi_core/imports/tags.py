"""Parts of speech as tagsets and dictionaries name them: nouns, verbs, adjectives, and all others as "X"."""

from __future__ import annotations

import re
from functools import lru_cache

OTHER = "X"
# Universal Dependencies; Penn; Brown and CLAWS; STTS; TreeTagger's French and Italian; WordNet; what dictionaries say.
NOUNS = """
    n nn noun nouns propn nns nnp nnps np nps np0 nn0 nn1 nn2 ne nom nam npr subst substantive common_noun proper_noun
    substantiv nomen hauptwort eigenname nom_commun nom_propre sustantivo nombre sostantivo nome substantivo rzeczownik
    zelfstandig_naamwoord существительное сущ s.m s.f
"""
VERBS = """
    v vb verb verbs aux vbd vbg vbn vbp vbz md modal auxiliary auxiliary_verb vt vi v.t v.i tr.v intr.v transitive_verb
    intransitive_verb phrasal_verb vvb vvd vvg vvi vvn vvz vbb vbi vdb vdd vdg vdi vdn vdz vhb vhd vhg vhi vhn vhz vm0
    vvfin vvinf vvizu vvimp vvpp vafin vainf vaimp vapp vmfin vminf vmpp ver verbum zeitwort verbe verbo czasownik
    werkwoord глагол гл
"""
ADJECTIVES = """
    a adj adjective adjectives jj jjr jjs aj0 ajc ajs adja adjd adjektiv eigenschaftswort adjectif adjetivo aggettivo
    adjetivo adjectivo przymiotnik bijvoeglijk_naamwoord прилагательное прил s satellite_adjective
"""
OTHERS = """
    x other adp adv cconj conj det intj num part pron punct scconj sconj sym cc cd dt ex fw in ls pdt pos prp prp$ rb
    rbr rbs rp to uh wdt wp wp$ wrb r adverb preposition pronoun conjunction article interjection determiner numeral
    number particle card art appr appo apzr kous kon koui pper pposat pds pis piat trunc ptkvz ptkneg prep av0 prf prp
    adverbe préposition pronom artikel präposition pronomen konjunktion adverbio preposición phrase idiom prefix suffix
"""
TAGS = {
    tag.replace("_", " "): letter
    for letter, tags in (("N", NOUNS), ("V", VERBS), ("A", ADJECTIVES), (OTHER, OTHERS))
    for tag in tags.split()
}
# What follows the class itself: ``VER:pres``, ``NOUN|Gender=Fem``, ``noun, feminine``, ``V;PST``, ``n. (pl.)``.
_REST = re.compile(r"[-:|;,(\[=+].*", re.DOTALL)
LONGEST = 60  # characters


@lru_cache(maxsize=4096)
def letter(tag: str) -> str:
    """The part of speech of word lists that a tag stands for: "N", "V", "A", or "X" for everything else.

    >>> letter("PROPN"), letter("VBG"), letter("adj."), letter("ADP"), letter("0.93")
    ('N', 'V', 'A', 'X', 'X')
    """
    return _found(tag) or OTHER


@lru_cache(maxsize=4096)
def is_tag(text: str) -> bool:
    """Whether a text is the name of any part of speech."""
    return _found(text) is not None


def _found(tag: str) -> str | None:
    name = " ".join(tag[: LONGEST + 1].split()).casefold().rstrip(".")
    return TAGS.get(name) or TAGS.get(_REST.sub("", name).strip().rstrip("."))
