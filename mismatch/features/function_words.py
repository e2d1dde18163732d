"""Function words that frequency does not tell: is shown them as terms of a title.

The most frequent ones ("the", "und", "de") stand in a third of the texts, and are left out by that. Those here are rarer:
prepositions, pronouns, conjunctions, particles and auxiliaries. Words that mean something else in a language that is read
much ("car", "mine", "fast") are not among them. They count for a verdict as any term does.
"""

from __future__ import annotations

from functools import lru_cache

from mismatch.terms.tokens import terms_of

RARER_FUNCTION_WORDS = {
    "en": "without again never goes why behind ever every nor yet across along among amid toward towards upon within "
    "despite until unless although though beyond beneath below above throughout onto via versus vs whose whom "
    "whoever whatever however therefore thus hence else otherwise instead rather quite almost nearly already soon "
    "later always often sometimes perhaps maybe everything everyone everybody something someone somebody anything "
    "anyone anybody nothing none neither either each few several myself yourself himself herself itself "
    "ourselves themselves yours hers ours theirs must shall cannot isn doesn didn wouldn couldn shouldn aren wasn "
    "weren hasn haven hadn gets too really near around",
    "de": "keiner keinen keinem keines gegen ab ohne viel viele vieler wer wen wem wessen nichts etwas alles allen "
    "aller binnen ihren ihrem ihrer ihres ihnen ihn ihm seine seinen seinem seiner seines mein meine meinen "
    "meinem dein deine unser unsere unseren euer trotz außer wegen während unter neben zwischen hinter seit statt "
    "anstatt mangels laut samt entlang jenseits diesseits bevor nachdem obwohl weil damit sondern sowie sowohl "
    "weder entweder denn jedoch dennoch trotzdem deshalb daher darum wohl sogar selbst erst niemals weniger ganz "
    "kaum etwa rund eines anderen andere anderer anderes anderem solche solcher jeder jede jedes jedem jeden "
    "mancher manche einige einigen beide beiden wo wohin woher warum weshalb wieso wann welche welcher welches "
    "welchen welchem darf dürfen können muss müssen soll sollen sollte wollen würden könnte wäre gewesen geworden "
    "sei seien dort nun zwar dabei dafür dagegen davon dazu daran darauf daraus darin darüber hierzu wofür "
    "wogegen worüber",
    "fr": "sans avait avaient étaient sera seront serait auraient aurait après avant pendant contre sous près loin chez "
    "vers hors malgré selon parmi jusque jusqu lorsque lorsqu quand comment pourquoi combien quoi quel quelle "
    "quels quelles lequel laquelle dont donc puis alors ainsi encore toujours jamais moins trop peu beaucoup "
    "plusieurs certains certaines chaque chacun aucun aucune rien personne tous toute toutes autre autres mêmes "
    "telle celui celle ceux celles ceci cela elles eux soi notre votre vos tes leurs faut peuvent doit doivent "
    "étant ayant déjà ici bientôt presque plutôt seulement parce afin quelques quelque oui",
    "es": "puede pueden menos contra bajo tras durante mediante hacia hasta según ante cabe excepto salvo dónde donde "
    "quién quien quiénes quienes cuál cuales pues sino aunque mientras tan tanto tanta tantos mucho mucha muchos "
    "muchas poco pocos algo alguien algún alguna algunos algunas nada nadie ningún ninguna ninguno cada toda "
    "todas otro otra otros otras mismo misma mismos esa ese esos esas esto estos estas aquel aquella aquellos "
    "ella ellos ellas nosotros usted ustedes mis tus nuestro nuestra nuestros suyo cuyo cuya debe deben deber "
    "había habían hubo haber sido siendo estaba estaban estar eran sería fueron tienen hacer hace aún todavía "
    "siempre nunca jamás tampoco ahora luego entonces antes después allí vez",
    "pt": "quem depois antes onde menos aos cada outros outra outro outras após contra sob durante perante conforme "
    "segundo embora enquanto assim então logo nunca jamais sempre tanto muita muitos muitas pouco poucos algo "
    "alguém algum alguma alguns nada ninguém nenhum nenhuma toda todas mesma esse essa esses essas isto estes "
    "estas aquele aquela aquilo eles elas vocês nosso nossa deles delas dele dela cujo podem deve devem havia "
    "tinha sido sendo estava eram seria foram faz vou qual quais quanto lhe pois",
    "it": "dopo sul sulla sulle sullo sui ancora ogni sotto sopra senza contro verso fino durante mediante presso "
    "secondo lungo entro oltre invece eppure poiché dove quale quali quanto quanti ciò col coi lì sempre poi "
    "quindi dunque allora molto molta molti molte poco pochi troppo tutta tutte altro altra altri altre stesso "
    "stessa nessuno nessuna niente nulla qualcosa qualcuno qualche alcuni alcune ognuno ciascuno questi queste "
    "quella quello quelli quelle quei esso essa lei mio mia tuo suoi nostro nostra vostro può possono deve devono "
    "aveva avevano erano sarà saranno sarebbe avere stata stati anzi",
    "nl": "zonder tegen onder tussen tijdens sinds vanaf binnen buiten achter naast volgens omdat terwijl hoewel zodat "
    "dus toch toen daar waarom wanneer welke elke ieder iedere alles niets iets iemand niemand weinig minder "
    "andere ander zelf zelfs jouw jullie hem uw moeten mogen willen zal zullen zouden hadden waren altijd nooit "
    "vaak weer steeds bijna",
    "pl": "pod nad bez przed między wobec podczas według dzięki mimo poza obok koło około więcej mniej kto kogo komu "
    "czyj jaki jaka jakie gdzie dlaczego tyle potem najpierw nadal nikt nic coś ktoś każdy każda wszystko wszyscy "
    "wszystkich inny inna inne temu tej mu mój moja nasz nasza swój swoje swoich żeby lecz jednak więc zatem chce "
    "mogą musi muszą były będą właśnie prawie zawsze nigdy naprawdę niż albo",
    "ru": "чем чём под над без перед между против ради вместо вокруг около среди сквозь кроме согласно вопреки больше "
    "меньше который которая которое которые которых которого которой почему зачем где куда откуда кого кому кем "
    "чего чему нужно можно нельзя надо лучше таким такой такая такие таких ним ней ними нём ему ей тебя тебе нам "
    "вас вам себя себе свой своя свои своих этот эта эти этих этого этой тот тех того весь вся всех всем сам сама "
    "сами лишь даже всегда никогда опять снова теперь потом тогда здесь сюда туда хотя пока потому поэтому однако "
    "либо один быть были будут стал стала стали могут",
    "uk": "над без перед між проти замість навколо серед крім більше менше яка яке яких якого чому куди звідки кого "
    "кому чого можна потрібно цей ця ці цих того тієї йому їй нам вас свій своя свої своїх весь вся всі сам сама "
    "лише навіть завжди ніколи знову тепер потім тоді хоча поки однак бути були будуть можуть",
    "tr": "aynı karşı önce göre rağmen doğru dolayı beri yana üzere hakkında arasında içinde dışında altında üstünde "
    "neden niçin nerede kime kimin hangi kaç bazı bütün tüm biri birçok diğer başka kendi şöyle öyle pek yine "
    "hâlâ artık yalnız fakat ancak çünkü eğer veya hem mu mü olur oluyor olmaz olacak olmak etti eden yaptı biz "
    "siz onlar bana sana ona bize size onun bunun",
    "sv": "mellan genom före innan sedan medan därför eftersom redan alltid aldrig ofta igen varför vem vilken vilka "
    "vilket några ingen inget inga många mindre annan själv mitt mina sitt sina deras hennes honom henne oss "
    "kunna kunde ville fick varit",
    "da": "uden mellem gennem inden siden mens derfor fordi allerede altid aldrig ofte igen hvornår hvorfor hvordan "
    "hvem hvilken nogen nogle ingen intet mindre anden sine deres hendes ham hende måtte ville fik været",
    "id": "tanpa terhadap antara selama sejak hingga sebelum ketika sementara meski meskipun walau agar supaya maka "
    "namun serta maupun siapa kapan mengapa kenapa bagaimana berapa setiap sedikit paling belum selalu sering nya "
    "begitu demikian",
    "ar": "فيها فيه منها منه عليها لها له بها إليها إليه هل كيف لماذا متى لن ليس ليست ليسوا ضد أمام فوق تحت خلف وراء "
    "بلا دون بدون عبر نحو حول عند عندما حين بينما لكن ولكن لو لكي ثم أية جميع سوى جدا هناك هنا هن نحن كانوا يكون "
    "تكون سيكون سوف لقد إنها أنها الذين اللذين اللواتي تلك أولئك هؤلاء لدى لديه لديها",
    "hi": "गई बिना कैसे किस कौन क्यों कब कहां कहाँ सब सभी बस चाहिए होते होती होना हुई करता करती करना किए सकता सकती सकते "
    "तब यहां वहां नीचे ऊपर बीच बारे ओर द्वारा मगर परंतु अगर यदि मत उस इन उन इसे उसे अपना मेरा मेरी मेरे वे जिस "
    "जिन ज्यादा कम",
}
"""by language"""


def is_function_word(term: int) -> bool:
    """Whether a term, by its hash, is one of them."""
    return term in _hashes()


@lru_cache(maxsize=1)
def _hashes() -> frozenset[int]:
    return frozenset(term for words in RARER_FUNCTION_WORDS.values() for term, _, _ in terms_of(words))
