"""Passwords that everybody tries first. Long enough to pass the limit, or their core is."""

from __future__ import annotations

_WORDS = """
1234567890 0123456789 12345678910 0987654321 123456789a a123456789 1q2w3e4r5t 1qaz2wsx3edc q1w2e3r4t5 qwertyuiop qwerty1234 qwerty12345
qwerty123456 qwer1234qwer asdfghjkl1 asdf1234asdf zxcvbnm123 password12 password123 password1234 password12345 passw0rd12 passw0rd123
p@ssw0rd123 p@ssword12 administrator admin12345 admin123456 welcome123 welcome1234 iloveyou12 iloveyou123 letmein123 changeme12 changeme123
superman123 football123 baseball123 sunshine123 princess123 monkey12345 dragon12345 master12345 hello12345 test123456 test1234567 temp123456
korea12345 korea123456 seoul12345 seoul123456 dasan120120 dasan12345 saranghae12 saranghae123 tkfkdgody12 dkssudgktpdy anfmvvor12 qlalfqjsgh
qlalfqjsgh12 qlalfqjsgh1 rlaalstn12 eogksalsrnr eogksalsrnr1 abcd123456 abcdefghij abcde12345 a1b2c3d4e5 aa12345678 aaa1234567 1111122222
1212121212 123123123123 1231231231 1234512345 1234554321 5555555555 gangnam123 hangugeo12 samsung123 samsung1234 computer12 internet12
counsellor supervisor supervisor1 counsellor1 helpline120 annyeong120 annyeong12345 annyeong1201 외로움안녕120 안녕하세요안녕하세요 비밀번호비밀번호
사랑합니다사랑합니다 대한민국대한민국 다산콜센터120120
"""

#: Compared without case.
COMMON = frozenset(_WORDS.split())
