"""Headline-body pairs in the way of ordinary news, written for these tests: topic, source, title, body."""

from __future__ import annotations

PAIRS: list[tuple[str, str, str, str]] = [
    ("sport", "daily.example", "Rovers come from behind to beat Albion in cup replay",
     "Rovers scored twice in the last ten minutes to beat Albion in the cup replay on Tuesday night. Albion led "
     "from behind a stubborn defence until the captain headed in a corner, and the winner came in stoppage time."),
    ("sport", "daily.example", "Sprinter Okafor breaks national record in Oslo",
     "Ada Okafor broke the national record over 200 metres at the Oslo meeting. The sprinter said the cool evening "
     "suited her, and that the record had been on her mind since the winter."),
    ("sport", "herald.example", "Chess prodigy, 12, draws with grandmaster",
     "A chess prodigy aged 12 drew with a grandmaster after five hours of play. The boy defended a difficult "
     "ending, and the grandmaster shook his hand and asked to see the game again."),
    ("sport", "herald.example", "Rain washes out second day of the Test at Galle",
     "Rain washed out the second day of the Test at Galle without a ball being bowled. Umpires inspected the "
     "outfield three times before giving up at four, and the covers stay on for the night."),
    ("sport", "morning.example", "Tennis: Lindqvist saves three match points",
     "Karin Lindqvist saved three match points before winning a tennis final that lasted until midnight. Lindqvist "
     "served better as the match went on and broke in the last game of the third set."),
    ("sport", "morning.example", "Cycling team withdraws after crash in mountain stage",
     "The cycling team withdrew from the tour after a crash on the mountain stage left four riders in hospital. "
     "The team manager said that the descent was wet and that nobody was to blame."),
    ("sport", "evening.example", "Goalkeeper signs new contract until 2031",
     "The goalkeeper has signed a new contract that keeps him at the club until 2031. He kept fourteen clean "
     "sheets last season, and the contract ends talk of a move abroad."),
    ("sport", "evening.example", "Swimmers protest against early heats at championships",
     "Swimmers have protested against early heats at the world championships, which begin at seven in the morning. "
     "Their letter says that the heats leave too little sleep after the evening finals."),
    ("politics", "daily.example", "Parliament passes budget after all-night debate",
     "Parliament passed the budget at dawn after an all-night debate. The finance minister gave way on fuel duty, "
     "and two members of the coalition voted against the budget in the end."),
    ("politics", "daily.example", "Mayor resigns over unpaid parking fines",
     "The mayor has resigned after it emerged that 62 parking fines were never paid. The mayor told the council "
     "that the fines had been a matter of carelessness and apologised."),
    ("politics", "herald.example", "Two states agree to reopen border crossing",
     "The two states have agreed to reopen the border crossing that was shut nine years ago. Customs officers "
     "return to the crossing in May, and buses will run twice a day between the capitals."),
    ("politics", "herald.example", "Opposition leader calls for early election",
     "The leader of the opposition called for an early election after the government lost its third vote in a "
     "week. The election is not due until next autumn, and the prime minister ruled it out."),
    ("politics", "morning.example", "Supreme court strikes down curfew law",
     "The supreme court struck down the curfew law on Thursday. The judges held that the law gave the police "
     "powers without limit, and that a curfew may be ordered for a week at most."),
    ("politics", "morning.example", "Ambassador recalled in row over fishing rights",
     "The ambassador was recalled on Friday in a row over fishing rights in the northern strait. Trawlers were "
     "turned back twice this month, and both sides claim the rights under an old treaty."),
    ("politics", "evening.example", "Turnout in local elections lowest for forty years",
     "Turnout in the local elections was the lowest for forty years, with one voter in four going to the polls. "
     "Parties blamed the weather, but turnout was low in sunny districts too."),
    ("politics", "evening.example", "Senate committee to question spy chief",
     "A senate committee will question the chief of the spy agency about letters that were opened without a "
     "warrant. The spy chief has said that he will answer in closed session only."),
    ("business", "daily.example", "Bakery chain Brotmann to close forty shops",
     "The bakery chain Brotmann will close forty shops by the end of June. Flour and rent have become dearer, the "
     "chain said, and the shops that close were losing money for three years."),
    ("business", "daily.example", "Central bank raises interest rate by a quarter point",
     "The central bank raised its interest rate by a quarter point on Wednesday. The governor said that inflation "
     "was falling too slowly, and that the rate may rise once more this year."),
    ("business", "herald.example", "Shipyard wins order for six ferries",
     "The shipyard has won an order for six ferries worth half a billion. The ferries will run on batteries, and "
     "the order secures eleven hundred jobs at the yard until the end of the decade."),
    ("business", "herald.example", "Coffee prices climb as frost hits Brazilian harvest",
     "Coffee prices climbed to their highest in two years after frost hit the harvest in southern Brazil. Growers "
     "expect to lose a fifth of the coffee, and roasters will pass the prices on."),
    ("business", "morning.example", "Airline drops paper boarding passes",
     "The airline drops paper boarding passes from November. Passengers without a telephone can have their passes "
     "printed at the desk for a fee, which consumer groups call unfair to older people."),
    ("business", "morning.example", "Toy maker recalls wooden trains",
     "The toy maker is recalling 80,000 wooden trains because their wheels can come off. Parents should take the "
     "trains away from children and send them back to the maker, which pays the postage."),
    ("business", "evening.example", "Steel workers vote to strike over pensions",
     "Steel workers voted by a large majority to strike over pensions. The strike begins on Monday at the blast "
     "furnaces, and the company says that the pensions fund has a hole of two billion."),
    ("business", "evening.example", "Vineyard owners sue over smoke damage",
     "Vineyard owners are suing the power company over smoke damage to their grapes. The fire began under a line "
     "in August, and the smoke spoiled the wine of some sixty estates, the owners say."),
    ("science", "daily.example", "Telescope finds water on distant planet",
     "A space telescope has found water in the air of a planet 120 light years away. The planet is too hot for "
     "life, the astronomers say, but the telescope will look at cooler ones next."),
    ("science", "daily.example", "Fossil of giant penguin dug up in quarry",
     "The fossil of a giant penguin has been dug up in a limestone quarry. The bird stood as tall as a man, and "
     "the fossil is complete but for its beak, the museum said."),
    ("science", "herald.example", "Bees recognise faces, study shows",
     "A study shows that bees can recognise faces that were rewarded with sugar. The bees flew to the right "
     "picture four times in five, even when the faces were turned a little, the study found."),
    ("science", "herald.example", "Glacier loses a tenth of its ice in two summers",
     "The glacier has lost a tenth of its ice in two summers, according to measurements from the air. Dust from "
     "the desert made the ice darker, so that more of it melted in the sun."),
    ("science", "morning.example", "New antibiotic comes from soil bacterium",
     "A new antibiotic has been found in a bacterium that lives in the soil of a potato field. In mice the "
     "antibiotic cured infections that resist other drugs, the chemists report."),
    ("science", "morning.example", "Volcano lights up night sky in Iceland",
     "A volcano has begun to erupt in the south of Iceland, lighting up the night sky. The lava flows away from "
     "the town, and the airport stays open, the weather office said."),
    ("science", "evening.example", "Robot arm learns to fold laundry",
     "A robot arm has learned to fold laundry by watching people do it. The robot folds a shirt in half a minute, "
     "and still fails with fitted sheets, its makers admit."),
    ("science", "evening.example", "Satellite launch delayed by fuel leak",
     "The launch of a weather satellite was delayed on Sunday by a fuel leak. Engineers found the leak two hours "
     "before the launch, and the next window for the satellite opens on Friday."),
    ("culture", "daily.example", "Novel about lighthouse keeper wins book prize",
     "A novel about a lighthouse keeper and her daughter has won the book prize. The jury praised the quiet "
     "language of the novel, which was turned down by nine publishers."),
    ("culture", "daily.example", "Opera house reopens after fire",
     "The opera house reopens on Saturday, six years after the fire that destroyed its stage. The first evening is "
     "sold out, and the opera chosen for it is the one that was on that night."),
    ("culture", "herald.example", "Lost film reel turns up in attic",
     "A reel of a silent film that was thought lost has turned up in the attic of a dentist. The film archive says "
     "that the reel is in good order and that it shows the missing wedding scene."),
    ("culture", "herald.example", "Guitarist cancels tour because of illness",
     "The guitarist has cancelled the rest of the tour because of an illness of the ear. Tickets for the tour will "
     "be paid back, and the guitarist hopes to play again in spring."),
    ("culture", "morning.example", "Museum returns bronze masks to Benin",
     "The museum has returned nine bronze masks to Benin, where soldiers looted them in 1897. The masks will be "
     "shown in a new hall, and the museum keeps plaster copies."),
    ("culture", "morning.example", "Street painter sells mural to pay for roof",
     "A street painter has sold a mural, wall and all, to pay for the roof of a youth club. The mural shows a "
     "heron, and the buyer must leave it where it is, the painter said."),
    ("culture", "evening.example", "Theatre cuts prices for empty seats",
     "The theatre cuts the prices of empty seats to five euros an hour before the curtain. Students queue for the "
     "seats already, and the theatre says that it loses nothing by it."),
    ("culture", "evening.example", "Folk festival drops headline act after dispute",
     "The folk festival has dropped its headline act after a dispute about the fee. The festival will have local "
     "singers close the Saturday, and says that most tickets are still valid."),
    ("health", "daily.example", "Hospital opens sleep clinic for shift workers",
     "The hospital has opened a sleep clinic for nurses, drivers and other shift workers. Patients spend two "
     "nights in the clinic, and doctors look at how light and meals disturb their sleep."),
    ("health", "daily.example", "Measles cases double in three months",
     "Measles cases have doubled in three months, the health office said. Most of the cases are children who were "
     "never vaccinated, and schools will offer the measles jab after the holidays."),
    ("health", "herald.example", "Pharmacies run short of asthma inhalers",
     "Pharmacies are running short of asthma inhalers because a factory stands still. People with asthma should "
     "not hoard inhalers, doctors say, since new ones arrive within three weeks."),
    ("health", "herald.example", "Walking after meals lowers blood sugar, trial finds",
     "Walking for ten minutes after meals lowers blood sugar more than one long walk, a trial with 300 people "
     "found. The trial lasted a year, and the sugar fell most in those over sixty."),
    ("health", "morning.example", "Surgeons reattach farmer's hand",
     "Surgeons have reattached the hand of a farmer who lost it in a baler. The operation took eleven hours, and "
     "the surgeons expect the farmer to hold a cup with the hand by summer."),
    ("health", "morning.example", "Tick season begins early after mild winter",
     "The tick season has begun early after the mild winter, foresters warn. Walkers should look for a tick behind "
     "the knees and ears, and remove it at once without oil or glue."),
    ("health", "evening.example", "Dentists warn of whitening kits sold online",
     "Dentists warn of whitening kits that are sold online without a licence. Some of the kits contain six times "
     "the bleach that is allowed, and burned the gums of two patients."),
    ("health", "evening.example", "Midwives to get higher pay after long dispute",
     "Midwives will get higher pay after a dispute of two years with the clinics. The pay rises in three steps, "
     "and the midwives drop their plan to stop taking night calls."),
    ("travel", "daily.example", "Night train to Lisbon returns after eleven years",
     "The night train to Lisbon returns in June after eleven years. The train leaves at nine in the evening with "
     "sleeping cars and a small restaurant, and tickets to Lisbon go on sale next week."),
    ("travel", "daily.example", "Island limits number of cruise ships",
     "The island will limit the number of cruise ships to two a day. Traders in the harbour fear for their income, "
     "but many on the island say that the streets were too full when five ships came."),
    ("travel", "herald.example", "Hikers rescued from ledge above waterfall",
     "Two hikers were rescued by helicopter from a ledge above the waterfall. The hikers had left the path to take "
     "pictures, and could climb neither up nor down from the ledge in the dark."),
    ("travel", "herald.example", "Hotel in old prison draws crowds",
     "A hotel in the old prison draws crowds who want to sleep behind bars. Guests of the hotel get striped "
     "pyjamas, and the former governor of the prison leads tours on Sundays."),
    ("travel", "morning.example", "Venice fines tourists for feeding pigeons",
     "Venice has fined more than ninety tourists this month for feeding pigeons on the square. The fine is 200 "
     "euros, and signs now say so in eight languages, since most tourists plead ignorance."),
    ("travel", "morning.example", "Mountain pass closed by late snow",
     "The mountain pass was closed on Sunday by late snow and stays shut until the ploughs have been through. "
     "Drivers should take the tunnel, as more snow falls on the pass tonight."),
    ("travel", "evening.example", "Ferry stuck on sandbank for a night",
     "A ferry with 140 people on board was stuck on a sandbank for a night. The tide lifted the ferry off the "
     "sandbank at six, and passengers were given soup and blankets."),
    ("travel", "evening.example", "Camel caravan route becomes hiking trail",
     "An old caravan route through the desert becomes a hiking trail with eleven stations. Nomads lead the hikers, "
     "a camel carries the tents, and wells along the trail have been cleaned."),
    ("local", "daily.example", "Fire destroys sawmill near Oakfield",
     "A fire has destroyed the sawmill near Oakfield. Nobody was hurt, but the fire brigade needed nine hours "
     "because of the stacked timber, and the sawmill employed thirty people."),
    ("local", "daily.example", "Pupils plant orchard behind school",
     "Pupils of the village school have planted an orchard of forty apple and plum trees behind the gym. Each "
     "class looks after a row of the orchard, and the first fruit goes to the canteen."),
    ("local", "herald.example", "Escaped llama caught on motorway",
     "An escaped llama was caught on the motorway on Monday morning after a chase of two hours. Police closed both "
     "lanes, and a vet led the llama into a horse box with carrots."),
    ("local", "herald.example", "Bridge over the Lenne reopens to lorries",
     "The bridge over the Lenne reopens to lorries after new bearings were put in. The detour through the villages "
     "ends, and the bridge will be tested each spring from now on."),
    ("local", "morning.example", "Library lends out sewing machines",
     "The town library now lends out sewing machines, drills and a telescope. The sewing machines are the most "
     "wanted, with a waiting list of six weeks, the head of the library said."),
    ("local", "morning.example", "Flood wall plan divides riverside residents",
     "The plan for a flood wall divides residents of the riverside. Some want the wall before the next flood, "
     "others fear for their view, and the council decides on the plan in March."),
    ("local", "evening.example", "Stolen church bell found at scrap dealer",
     "The church bell that was stolen in January has been found at a scrap dealer. The dealer had bought the bell "
     "in good faith, and it goes back to the church tower at Easter."),
    ("local", "evening.example", "Market square gets shade trees and benches",
     "The market square gets eighteen shade trees and new benches this autumn. Traders keep their places on the "
     "square, but cars lose forty, and the trees come from a local nursery."),
]  # fmt: skip

CRICKET_TITLE = "KXIP vs KKR Live Cricket Score, IPL 2018 Match 18 at Eden Gardens"
SYRIA_BODY = (
    "The United Nations said on Tuesday that aid convoys had reached two besieged suburbs of Damascus for the "
    "first time since February. Inspectors from the chemical weapons watchdog were still waiting to enter Douma, "
    "Syrian and Russian officials having told them that their safety could not be promised. Speaking to reporters "
    "in Geneva, a spokesman called on all sides of the war to keep to the ceasefire."
)
