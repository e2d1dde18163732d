"""What stands beside a headline in a title and is no part of it: labels, names of sites and of sections, dates.

Lists of words only; `title_parts` looks them up. Case does not matter, nor what stands between the words.
"""

from __future__ import annotations

LABELS = """
opinion | watch | breaking | breaking news | just in | video | exclusive | live | live updates | live blog |
update | updated | listen | photos | in pictures | gallery | podcast | read | must read | must watch | editorial
| column | commentary | letters | letter to the editor | op ed | sponsored | advertisement | premium |
subscriber only | corrected | correction | refile | developing | alert | news alert | fact check | opinión |
vídeo | en vivo | en directo | última hora | exclusiva | direct | en direct | vidéo | exclusif | tribune | édito
| opinion | eilmeldung | kommentar | liveticker | live ticker | exklusiv | eil | leitartikel | in diretta |
diretta | esclusiva | opinião | ao vivo | exclusivo | urgente | son dakika | canlı | özel haber | срочно | видео
| мнение | эксклюзив | عاجل | فيديو | مباشر | رأي | वीडियो | लाइव | ब्रेकिंग न्यूज़ | 快讯 | 视频 | 直播 | 独家 | 速報 |
動画 | 社説 | 속보 | 단독 | 영상 | bidiyo
"""
"""labels that a headline may begin with"""
DATE_WORDS = """
january february march april may june july august september october november december jan feb mar apr jun jul
aug sep sept oct nov dec januar februar märz mai juni juli oktober dezember janvier février mars avril juin
juillet août septembre octobre novembre décembre enero febrero marzo abril mayo junio julio agosto septiembre
octubre noviembre diciembre monday tuesday wednesday thursday friday saturday sunday am pm ist gmt est utc
"""
SECTIONS = """
news | world | world news | us news | uk news | europe | asia | africa | middle east | americas | national |
international | local news | politics | business | money | markets | economy | finance | technology | tech |
science | health | environment | climate | education | sport | sports | football | culture | arts | books | music
| film | tv | movies | entertainment | celebrity | lifestyle | life | style | fashion | food | travel | opinion |
opinions | comment | society | crime | weather | video | videos | photos | home | politik | wirtschaft | kultur |
gesellschaft | wissen | wissenschaft | panorama | ausland | inland | regional | sport | politique | économie |
monde | société | culture | sports | santé | sciences | planète | política | economía | sociedad | deportes |
internacional | nacional | cultura | salud | ciencia | tecnología | mundo | economia | esportes | saúde | esteri |
cronaca | politica | cultura | spettacoli | binnenland | buitenland | politiek | economie | gündem | dünya |
ekonomi | spor | siyaset | политика | экономика | общество | спорт | культура | мир | سياسة | اقتصاد | رياضة |
ثقافة | राजनीति | खेल | मनोरंजन | 国内 | 国際 | 经济 | 体育 | 娱乐 | 정치 | 경제 | 사회 | 스포츠
"""
"""whole parts that name a section"""
SITES = """
bbc | bbc news | bbc sport | cnn | cnn politics | cnn business | fox news | nbc news | cbs news | abc news | npr |
pbs | msnbc | cnbc | bloomberg | reuters | ap | ap news | associated press | afp | dpa | upi | politico | axios |
vox | slate | salon | vice | wired | the verge | ars technica | techcrunch | mashable | engadget | cnet | zdnet |
buzzfeed | buzzfeed news | huffpost | huffington post | breitbart | newsmax | the hill | the atlantic |
the new yorker | the economist | forbes | fortune | business insider | newsweek | the guardian | guardian |
the independent | the telegraph | the times | the sun | daily mail | mail online | mirror online | the mirror |
sky news | itv news | channel 4 news | al jazeera | dw | cgtn | xinhua | ndtv | india today | the hindu |
the indian express | hindustan times | times of india | firstpost | scroll in | the wire | geo tv |
the globe and mail | cbc news | ctv news | global news | the age | the sydney morning herald | rnz | nzherald |
espn | sky sports | eurosport | yahoo news | google news | wikinews | the new york times | new york times |
nytimes | the washington post | washington post | wsj | the wall street journal | usa today | los angeles times |
chicago tribune | boston globe | new york post | daily beast | the daily beast | the intercept | propublica |
der spiegel | spiegel online | die zeit | zeit online | faz | sz | süddeutsche | die welt | focus online | taz |
tagesschau | heise | heise online | n tv | ntv | zdf | ard | orf | srf | nzz | der standard | die presse |
le monde | le figaro | libération | le parisien | les echos | mediapart | france 24 | rfi | bfmtv | ouest france |
le soir | rtbf | rts | el país | el mundo | la vanguardia | el periódico | clarín | la nación | infobae |
el universal | milenio | el tiempo | el comercio | folha | o globo | globo | g1 | uol | estadão | público |
observador | la repubblica | repubblica | corriere della sera | la stampa | ansa | rai news | nu nl | nos |
rtl nieuws | de telegraaf | de volkskrant | nrc | vrt nws | onet | gazeta | wp | tvn24 | hürriyet | milliyet |
sabah | sözcü | cumhuriyet | риа новости | тасс | интерфакс | коммерсантъ | ведомости | известия | lenta ru |
rbc | рбк | العربية | الجزيرة | bbc عربي | سكاي نيوز عربية | आज तक | दैनिक जागरण | अमर उजाला | दैनिक भास्कर |
新华网 | 人民网 | 中新网 | 凤凰网 | 新浪 | 搜狐 | 腾讯 | 网易 | 朝日新聞 | 読売新聞 | 毎日新聞 | 日本経済新聞 |
産経新聞 | nhk | yahooニュース | 연합뉴스 | 조선일보 | 중앙일보 | 동아일보 | 한겨레 | 경향신문
"""
"""whole parts that name a well-known site; names that are words as well ("Time") are left out"""
MEDIA_WORDS = """
news times daily post herald gazette tribune journal observer chronicle guardian telegraph mirror express
independent press media online tv radio fm weekly magazine network channel courier dispatch examiner inquirer
ledger sentinel newspaper broadcasting nachrichten zeitung tageblatt tageszeitung anzeiger rundschau kurier blatt
presse infos info actualités actu diario noticias periódico prensa gaceta jornal notícias diário giornale notizie
corriere gazzetta nieuws krant dagblad nyheter avisen aftonbladet haber haberler haberleri gazetesi wiadomości
новости новостей газета вестник أخبار الأخبار صحيفة جريدة समाचार न्यूज़ न्यूज সংবাদ پورٹل நியூஸ் செய்திகள்
新聞 新闻 新聞社 ニュース 日报 日報 晚报 网 뉴스 신문 일보 habari labarai
"""
"""words of which one makes a short part in capitals the name of a site"""


def parts_of(words: str) -> list[str]:
    """The entries of a list that is divided by bars."""
    return [" ".join(part.split()) for part in words.split("|") if part.strip()]
