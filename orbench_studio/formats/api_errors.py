"""Errors of an API that a script stored where the response belongs, as distinct from answers that are about errors.

An error begins the text. A phrase that an answer may begin with too ("Timeout", "403 Forbidden", "Error: …") counts
only where the text ends, or a colon or a bracket follows, or before words of programs.
"""

import re

_LONGEST = 2_000  # characters of a text that begins with a phrase that answers may have too
_END = r"\s*(?:$|[:;({\[\]})>|,#*!/\\]|\.(?:\s|$)|-\s|\n|for\ url\b|https?:)"
_KIND = r"(?:api|http|https|request|response|server|model|llm|generation|inference|connection|network|openai|anthropic)"
_NAMES = (
    "rate_?limit|bad_?request|timeout|connection|authentication|permission_?denied|api|internal_?server|overloaded"
    "|service_?unavailable|not_?found|runtime|value|key|type|json_?decode|http|ssl|validation|attribute"
)
_TERMS = (
    r"https?://|time(?:d\s|-)?\s?out|connection|rate[\s_-]?limit|quota|billing|\bapi\b|\bserver\b|status|\bcode\b|token"
    r"|overloaded|unavailable|no\ longer\ supported|not\ found|\bfailed\b|invalid|exception|unauthori[sz]ed|forbidden"
    r"|\b[45]\d\d\b|none_?type|context\ (?:length|window)|retries|\bhttp|out\ of\ memory|generat|\bmodel\b|object\b"
    r"|traceback|argument|attribute|\bnull\b|expecting"
)
_SURE = re.compile(
    r"""[\s"'\[{(<\#*_`|~-]*(?:
        traceback\ \(most\ recent
        |\w*error\W{0,3}code\W{1,4}[45]\d\d\b
        |https?connectionpool\(|\(?["']?connection\ aborted\b|max\ retries\ exceeded\b|remote\ end\ closed\ connection
        |(?:\w+[\s_-])?error["']?\s*:\s*(?:\{|(?:\w+\.)*\w*(?:error|exception|timeout)\b)
        |(?:type|object)["']\s*:\s*["']error\b
        |(?:message|code|status|status_?code|detail)["']\s*:
          (?=.{0,200}(?:error|["']?code["']?\s*:|\b[45]\d\d\b|not\ found))
        |(?:!doctype\ html|html)\b(?=.{0,600}(?:<title>|<h1>|<body>|<center>)[^<]{0,80}
          (?:\b[45]\d\d\b|error|bad\ gateway|forbidden|unavailable|denied|time-?out|not\ found|just\ a\ moment))
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)  # fmt: skip
_PHRASE = re.compile(
    rf"""(?:
        [\[<\#{{(*]+\s*(?:\w+[\s_-])?(?:error|exception|failed|failure)\s*[\]>\#}})*!:]
        |[\[<{{(]\s*(?:blocked|filtered|skipped|time-?out|timed\ out)\s*[\]>}})]\s*$
        |[\s"'\[{{(<\#*_`|~$-]*(?:\w+\.)*(?:
            (?:\w+[\s_-])?(?:error|exception)\W*$|(?-i:\w+[a-z](?:Error|Exception)|ERR(?:OR)?(?:_\w+)?)\W*$
            |(?:failed|undefined|invalid\ (?:api\ )?response)\W*$|errno\s*-?\d+\]
            |(?:error|exception)\b.{{0,20}}?(?:code|status)?\W{{0,3}}[45]\d\d(?:{_END}|\s*[-\u2013])
            |{_KIND}[\s_-]*(?:call\ )?(?:error|exception|failed|failure|timed\ out|time-?out|refused|reset)
              (?:{_END}|\s+(?:occurred|after|while|during|due|with|from|on|in\ \d|\(?code|status|[45]\d\d)\b)
            |(?:http\s*)?(?:status\s*(?:code)?\W{{0,3}})?[45]\d\d[\s:,-]+(?:(?:client|server)\ error\b
              |(?:error|too\ many\ requests|bad\ request|unauthori[sz]ed|forbidden|not\ found|request\ time-?out
              |internal\ server\ error|bad\ gateway|service\ (?:temporarily\ )?unavailable|gateway\ time-?out){_END})
            |rate[\s_-]?limit(?:ed|s|ing)?(?:{_END}|\s+(?:exceeded|reached|hit|error)\b)
            |(?:too\ many\ requests|internal\ server\ error|bad\ gateway|service\ unavailable|gateway\ time-?out
              |timed?[\s-]?out|insufficient[\s_]quota|quota\ exceeded|cuda\ out\ of\ memory)(?:{_END}|\s+after\ \d)
            |\w*(?:{_NAMES})\w*(?:error|exception)(?:\s*[:('"\])]|\W*$)
            |(?:read|connect)time-?out\s*[:('"]|exception\s*:\s*\S|(?-i:ERR)\s*[:\]]
            |(?:error|exception)\b[^.\n:]{{0,80}}:\s*(?!.{{0,60}}\bI\b)(?=.{{0,200}}(?:{_TERMS}))
            |error["']\s*:\s*["'](?!.{{0,60}}\bI\b)
            |(?:error|failure)\s+(?:generating|calling|querying|fetching|invoking|contacting|connecting|communicating
              |processing\ (?:the\ )?(?:request|prompt))\b
              [^\n]{{0,80}}(?:api|response|completion|model|server|request|prompt)
            |(?:error|failure)\s+(?:during|in|while)\s+(?:the\s+)?(?:generat|inference|completion|api|request|response)
            |(?:failed|unable)\s+to\s+(?:generate|get|fetch|call|connect|complete|retrieve|obtain|reach|query|parse)\b
              [^\n]{{0,60}}(?:api|response|completion|model|server|output|request|json)
            |(?:sorry,\ |oops,\ )?an?\ (?:\w+\ )?error\ (?:has\ )?occurred(?:\W*$|\s*:|\s+(?:while|during|when|in)
              \ [^\n]{{0,60}}(?:api|request|response|server|model|generat))
            |you\ (?:have\ )?exceeded\ your\ (?:current\ )?quota|this\ model(?:'s)?\ maximum\ context\ length
            |(?:incorrect|invalid)\ api\ key|the\ server\ (?:had\ an\ error|is\ (?:currently\ )?overloaded)
            |(?:the\ )?(?:model|engine)\ ["'`]?[\w./:-]{{1,80}}["'`]?
              \ (?:is\ (?:currently\ )?(?:loading|overloaded)|does\ not\ exist)
        )
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)  # fmt: skip
_NOTHING = frozenset({"", "nan", "none", "null", "<na>", "na", "n/a", "#n/a", "-", "--", "\u2013", "\u2014"})

_PLACEHOLDER = re.compile(
    r"[\[<({](?:removed|deleted|redacted|empty|blank|missing|none|null|nan|n/?a"
    r"|no (?:response|answer|output|text))[\])>}]|todo|tbd|no response",
    re.IGNORECASE,
)


def is_api_error(text: str) -> bool:
    """Whether a response is the text of an API's error."""
    return _SURE.match(text) is not None or (len(text) <= _LONGEST and _PHRASE.match(text) is not None)


def is_nothing(text: str) -> bool:
    """Whether a text is empty, or a word, a dash or a mark such as [removed] that stands for an empty cell."""
    return text.strip().lower() in _NOTHING or _PLACEHOLDER.fullmatch(text.strip()) is not None
