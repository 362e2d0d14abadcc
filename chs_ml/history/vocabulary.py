"""Words by which columns and outcomes are usually called, in English, Ukrainian and Russian; as regular expressions.

They are compared with names in lower case whose words are joined by underscores: `Код клієнта` is код_клієнта.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CHURNED = (
    r"1|1\.0|true|t|yes|y|churn(ed)?|left|exited|cancell?ed|lost|closed|inactive|attrited( customer)?|terminated"
    r"|так|да|пішов|пішла|пішли|уш[её]л|ушла|ушли|відтік|отток|втрачен(ий|о)|потерян|закрит(ий|о)|закрыт(о|ый)?"
    r"|неактивн(ий|ый)|неактивен|відключен(ий|о)|отключ[её]н|розірван(ий|о)|расторгнут"
)
"""Values that mean churned."""
NOT_RETAINED = r"0|0\.0|false|f|no|n|нет|ні"
"""Values that mean churned in a column that is named for staying."""
STAYED_NAMES = r"(is_)?(active|retained|stayed)|активн(ий|ый)|активен|залишився|остался"
_HIS = r"(клієнта|клиента|абонента|користувача|пользователя)"
OUTCOME_NAMES = (
    r"churn(ed)?|пішов|уш[её]л|відтік|отток",
    r"(is_|has_)?(churn(ed)?|left|exited|attrited|cancel(l?ed)?)(_flag|_label|_status)?",
    r"attrition(_flag)?",
    r".*churn.*|(.*_)?(пішов|пішла|уш[её]л|ушла|відтік|отток)(_.*)?",
    rf"(customer_|account_)?status|(статус|стан|состояние)(_{_HIS})?",
    STAYED_NAMES,
    r"target|label",
)
"""Names of the outcome, the likeliest first."""

_WHO = (
    r"customer|account|client|user|subscriber|member|company|tenant|msisdn|phone"
    r"|клієнт|клиент|абонент|користувач|пользователь|покупець|покупатель|контрагент"
)
_WHOSE = r"клієнта|клиента|абонента|користувача|пользователя|покупця|покупателя|контрагента|компанії|компании"
ID_WORDS = r"id|key|no|nr|number|code|код|номер|ід|ид|ідентифікатор|идентификатор"
ID_NAMES = (
    rf"(.*_)?({_WHO})s?_?({ID_WORDS}|uuid)|({_WHO}|id|uuid)|({ID_WORDS})_({_WHOSE}|{_WHO})"
    r"|код|ід|ид|ідентифікатор|идентификатор|особовий_рахунок|лицевой_сч[её]т"
)
ROW_NAMES = r"row_?(number|id|no)?|index|unnamed.*|(.*_)?(id|key|uuid)|номер(_(рядка|строки))?|п_п"
CUTOFF_NAMES = (
    r".*(cutoff|snapshot|as_of|quarter|period|month_end|report_date"
    r"|квартал|період|период|станом_на|по_состоянию|на_дату|дата_звіту|дата_отч[её]та|звітна_дата|отч[её]тная_дата).*"
)
AFTERWARDS = (
    r".*(churn|cancel|exit|attrition|terminat).*"
    r"|(.*_)?(відтік|відток|відход|отток|уход|пішов|уш[её]л|розірван|розрив|расторж|розторг)[^_]*(_.*)?"
)
"""Names of what may be known only after the customer left."""
AUDIT = (
    r"(is_)?(senior|elderly)(_citizen)?|age(_group|_band)?|(gender|sex|race|ethnicity|nationality|religion|disability"
    r"|birth|пол|вік|возраст|стать)(_.*)?"
)

STARTS = (
    r"(sign(ed)?_?up|start(ed)?|created|joined|registered|registration|activated|onboarded|since|begin|began|first_bought)"
    r"(_(at|on|date|day|time))?|(customer|account|contract)_(since|start)(_date)?|дата_(реєстрації|регистрации|початку|начала)"
)
"""Names of the day on which a customer began; below, of what stands in tables of the past."""
ENDED = (
    r"(churn(ed)?|cancel(l?ed)?|left|end(ed)?|closed|terminated|deactivated|exited)(_(at|on|date|day|time))?"
    r"|дата_(відтоку|оттока|розірвання|расторжения)"
)
RENEWALS = r"renew(s|al)?(_(at|on|date|day))?|next_renewal(_date)?"
SEGMENTS = r"segment|industry|tier|plan_tier|region|country|size|company_size|сегмент|галузь|отрасль|регіон|регион"
REVENUES = r"mrr|arr|revenue|mrr_amount|monthly_revenue|дохід|доход"
OPENED = r"(opened|submitted|created|reported|raised)(_(at|on|date|time))?"
CLOSED = r"(closed|resolved|solved)(_(at|on|date|time))?"
DUE = r"(due|payable)(_(at|on|by|date))?"
PAID = r"(paid|payment)(_(at|on|date))?"
FROM = r"(valid_)?(from|since|start)(_(at|on|date))?|effective(_(from|date))?"
TO = r"(valid_)?(to|until|till|end)(_(at|on|date))?|effective_to"
HAPPENED = (
    r"(.*_)?(occurred|happened|time|timestamp|ts|logged|asked|answered|called|event|usage|bought)(_(at|on|date|time))?"
)
HAPPENINGS = r"event(_(type|name|kind))?|type|kind|action|activity|survey(_type)?|metric|name|подія|событие|тип"
VALUES = r"value|amount|quantity|qty|count|usage_count|answer|score|points|dollars|значення|значение"
AMOUNTS = r"amount|total|sum|price|сума|сумма"
INTERVENTIONS = r".*(intervention|outreach|playbook|save_call).*"
NOT_CUSTOMERS = r"(is_)?(internal|test|demo)(_account)?"
"""Names of a flag of accounts that are no customers."""
WHO_IS = r".*(account|customer|client|compan|compani|user|subscriber|клієнт|клиент).*"
"""Names of a table of accounts."""

PILLARS: Mapping[str, str] = MappingProxyType(
    {
        "satisfaction": r"nps|csat|ces_|ces$|survey|satisf|rating|sentiment"
        r"|задоволен|удовлетвор|оцінк|оценк|опитуван|опрос",
        "support": r"ticket|support|complain|incident|escalat|response|resolution|helpdesk"
        r"|звернен|обращен|скарг|жалоб|т[иі]кет|[иі]нцидент|підтримк|поддержк|заявк",
        "payment": r"invoice|payment|charge|overdue|billing|paid|debt|late_|price|amount|mrr|arr|revenue|refund"
        r"|плат[іие]ж|оплат|оплач|рахун|сч[её]т|борг|долг|заборг|задолж|простроч|просроч|сума|сумм|дохід|доход",
        "advocacy": r"refer|advoc|review|testimon|recommend|рекоменд|відгук|отзыв|реферал",
        "relationship": r"tenure|month|contract|renew|partner|dependent|since|years|length"
        r"|стаж|термін|срок|(?<!за_)(місяц|месяц)|догов[оі]р|контракт|партнер",
        "roi": r"roi|value|saving|goal|економі|эконом",
        "usage": r"login|usage|session|active|minutes|feature|api|storage|adopt|product|stream|internet|phone|online"
        r"|backup|device|call|line|seat|visit|вхід|вход|сесі|сесси|активн|хвилин|минут|дзвін|дзвон|звон|використ|использ"
        r"|користув|траф[іи]к|[іи]нтернет|в[іи]зит|замовл|заказ|покупк",
    }
)
"""Pillar → beginnings of words that point to it, tried in this order."""
