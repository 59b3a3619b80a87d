/**
 * The scenes of the story openings: what happens to the hero, told up to a point where the story can turn kind or mean.
 * Ours (MIT licence), written for this project.
 *
 * Notation: {H} the hero's name, {F} a friend's name, {he} {him} {his} {He} {His} the hero's pronouns, [a|b|c] one of
 * these. `child` scenes need a child as hero; in `any` scenes it may be an animal.
 */

/** Who can be the hero of a scene, and its text. */
export type Scene = readonly ['any' | 'child', string];

/** 120 scenes; a scene's number decides its split, so append new ones at the end. */
export const scenes: readonly Scene[] = [
  [
    'any',
    'One day, {H} saw {F} playing with a [shiny ball|new kite|toy boat|red drum]. {H} wanted it very much, but there was only one.',
  ],
  [
    'any',
    'Under a [bush|tree|bridge], {H} found a [tiny bird|small kitten|baby mouse] that was all alone. It looked up at {him} with big eyes.',
  ],
  [
    'any',
    '{H} and {F} made a tall tower of [blocks|boxes|stones]. It was almost done when {F} bumped into it, and it all fell down.',
  ],
  [
    'any',
    'One night, {H} heard a strange noise behind the [door|wall|old barn]. {He} did not know what it could be.',
  ],
  [
    'any',
    '{H} had only one [cookie|apple|cake|carrot] left. Then {F} came by and said, "I am so hungry today."',
  ],
  [
    'any',
    'At the [pond|river|lake], {F} fell into the cold water with a big splash. {H} was the only one who saw it.',
  ],
  [
    'any',
    '{H} was running so fast that {he} bumped into {F}. The [milk|paint|soup|juice] that {F} was holding went all over the ground.',
  ],
  ['any', '{F} was having a big party, and everyone was going. But {F} forgot to ask {H} to come.'],
  [
    'child',
    'A new [boy|girl|child] came to the [school|playground|class] one day and sat down alone. {H} looked over from the other side.',
  ],
  [
    'any',
    'Near the old [well|bridge|tree], {H} found a [gold coin|silver ring|shiny key]. Not far away, somebody was crying.',
  ],
  [
    'any',
    'Suddenly it began to rain hard. {H} had a big [leaf|blanket|umbrella], but {F} had nothing and was getting very wet.',
  ],
  [
    'any',
    '{H} and {F} were in a race to the [big tree|gate|top of the hill]. {H} was about to win when {F} fell down.',
  ],
  [
    'child',
    'Mom put a [cake|pie|plate of cookies] on the table and said, "Do not touch it, {H}." Then she left the room.',
  ],
  [
    'any',
    "{H} saw {F} take a [toy|book|ball] that was not {F}'s and hide it in a bag. Then {F} saw {H} watching.",
  ],
  [
    'any',
    'On the way home, a big [goat|dog|goose] stood in the middle of the path. It looked at {H} and did not move.',
  ],
  [
    'child',
    '{H} made a picture of {F} and showed it to the whole class. {F} looked at it and did not say a word.',
  ],
  [
    'any',
    'A small [snail|bug|frog] was sitting right where {H} wanted to [play|sit|dig]. "Please be careful," it said.',
  ],
  ['any', '{H} and {F} found a box with a [red|blue|green] bow. They both held on to it and pulled.'],
  [
    'any',
    '{F} told {H} a secret and said, "Please do not tell anyone." Later that day, {H} met all the other [friends|animals|kids].',
  ],
  [
    'child',
    'It was bedtime, but {H} was not sleepy at all. Dad came in and said, "Turn off the [light|lamp|music], please."',
  ],
  [
    'any',
    '{H} wanted to learn to [swim|jump|climb|dance], but {he} kept falling. {F} was watching from far away.',
  ],
  [
    'any',
    'An old [man|woman|lady] with a heavy [bag|basket|box] was walking slowly up the hill. {H} was on {his} way to play.',
  ],
  [
    'any',
    '{H} had a [red hat|blue scarf|soft blanket] that {he} loved. This morning it was gone, and {F} was wearing one just like it.',
  ],
  [
    'any',
    'In the middle of the woods, {H} and {F} came to two paths. {H} wanted to go left, but {F} wanted to go right.',
  ],
  [
    'child',
    '{H} was playing ball inside the house when there was a loud crash. The [big vase|window|lamp|mirror] was in pieces.',
  ],
  [
    'any',
    '"You are too [small|slow|little] to play with us," said {F} one morning. {H} stood still and thought about what to do.',
  ],
  [
    'any',
    'High up in a tree hung one [red apple|yellow pear|big orange]. {H} could not reach it, and {F} could not reach it alone.',
  ],
  [
    'any',
    '{H} was fishing by the [river|lake|sea] when a fish spoke to {him}. "Please let me go," said the fish.',
  ],
  [
    'any',
    'Every day {H} saw a [lonely|quiet|tired] old [dog|cat|horse] by the gate. Today the gate was open.',
  ],
  [
    'child',
    '{H} and {his} [brother|sister] had to clean the room together. But {H} wanted to go outside while the sun was still up.',
  ],
  ['any', "The wind blew {F}'s [hat|kite|letter] high up into the air. It came down right at {H}'s feet."],
  [
    'any',
    '{H} hid behind a rock and waited for {F} to come by. {He} wanted to [jump out|shout loud|make a scary noise].',
  ],
  [
    'any',
    '{H} dug a deep hole in the [sand|garden|mud] and covered it with leaves. A moment later, {F} came running along.',
  ],
  [
    'child',
    "At lunch, {H} opened the box and saw [green beans|old bread|cold soup]. {F}'s lunch was full of good things.",
  ],
  [
    'any',
    '{H} built a little house out of [sticks|leaves|mud]. That night, a cold [mouse|rabbit|bird] knocked on the door.',
  ],
  [
    'any',
    'It was hot, and there was just a little water left in the [bowl|cup|bucket]. {H} and {F} were both very thirsty.',
  ],
  [
    'any',
    '{F} sang a song for everyone, but the song was not very good. Then {F} asked, "{H}, did you like it?"',
  ],
  [
    'child',
    'Grandma gave {H} a [sweater|scarf|hat] that she made by hand. It was [too big|very bright|a funny color], and {H} did not know what to say.',
  ],
  ['any', '{H} wanted to be [king|queen|leader] of the game. "No, it is my turn today," said {F}.'],
  [
    'any',
    'There was a little [bee|bird|butterfly] stuck in a [web|jar|net] by the fence. {H} came closer to look at it.',
  ],
  [
    'child',
    '{H} had to feed the [cat|dog|fish] every day. This week {he} forgot, and now it was sitting by the empty bowl.',
  ],
  [
    'any',
    '{H} and {F} were playing hide and seek. {H} counted to ten, but then {he} thought about just going home.',
  ],
  [
    'any',
    'In the store there was one last [balloon|doll|toy train]. {H} and {F} put their hands on it at the same time.',
  ],
  ['any', '{F} could not find the way home and asked {H} for help. It was getting dark, and {H} was tired.'],
  [
    'any',
    'Someone ate all of the [berries|honey|nuts] that {H} was saving for winter. There were small footprints on the ground.',
  ],
  ['child', 'The teacher asked who made the mess on the [floor|wall|table]. {H} knew that it was {F}.'],
  [
    'any',
    'A big [ship|boat] came to the shore with many toys. "Each of you may choose one thing," said the captain to {H} and {F}.',
  ],
  [
    'any',
    "{H} was painting a [fence|wall|boat] when {F} walked by and laughed. There was paint on {H}'s nose.",
  ],
  [
    'any',
    'One cold day, {H} saw smoke over the [barn|little house|woods]. {He} was far from home and nobody else was there.',
  ],
  [
    'any',
    '{H} had a magic [stone|hat|stick] that could make one wish come true. {F} heard about it and came to see {him}.',
  ],
  [
    'child',
    '{H} did not want to share the [swing|slide|bike]. A line of kids was waiting, and {F} was the first one.',
  ],
  [
    'any',
    'By the road, {H} met a [fox|wolf|crow] who said, "Come with me. I will show you something." {H} looked around.',
  ],
  ['any', '{H} gave {F} a [flower|shell|drawing] as a gift. {F} looked at it and put it down on the ground.'],
  [
    'any',
    'The bridge was so small that only one could cross. {H} was on one side, and {F} was on the other.',
  ],
  [
    'any',
    '{H} woke up and saw snow everywhere. {F} was already outside and had made a very big [snowman|snowball|pile of snow].',
  ],
  ['child', '{H} had a loose tooth, and it hurt. "Let me pull it out," said {F}.'],
  [
    'any',
    "{F} was sick in bed and could not come out to play. {H} looked at the [ball|sled|kite] and then at {F}'s window.",
  ],
  [
    'any',
    'There was a loud [bang|roar|cry] from the cave. All the others ran away, but {H} stayed and waited.',
  ],
  [
    'any',
    '{H} was the best at [jumping|running|singing|climbing], and {he} knew it. Then {F} came to town and was even better.',
  ],
  ['any', '{H} planted a seed and gave it water every day. One morning, {F} stepped on the little plant.'],
  [
    'any',
    '{H} and {F} had one big [sandwich|pizza|melon] for lunch. {H} cut it, but one piece was much bigger.',
  ],
  [
    'child',
    "It was the first day of school, and {H} held Mom's hand. A tall [boy|girl] looked at {H} and came over.",
  ],
  [
    'any',
    'A little [duck|lamb|puppy] followed {H} everywhere {he} went. "Go home," said {H}, but it came closer.',
  ],
  [
    'any',
    '{F} wore a funny [hat|coat|mask] today. Everyone turned around to look, and {H} started to speak.',
  ],
  [
    'any',
    "{H} saw a [purse|wallet|small bag] fall from a lady's pocket. There was money in it, and nobody else was near.",
  ],
  ['any', 'One day the [king|queen] lost a crown and asked everyone for help. {H} knew where it was.'],
  [
    'any',
    "{H} was flying a kite when the string got stuck on {F}'s [roof|fence|tree]. {F} came out of the house.",
  ],
  [
    'child',
    'In the kitchen, {H} and {his} [brother|sister] were making bread. The flour fell down, and everything turned white.',
  ],
  [
    'any',
    'The [moon|sun] was gone from the sky, and everyone was afraid. {H} said to {F}, "I know what to do."',
  ],
  ['any', '{H} had a new [bike|wagon|sled], and it was fast. "May I try it too?" asked {F}.'],
  ['any', 'There was a [wet|hungry|scared] cat on the steps. {H} opened the door a little and looked at it.'],
  ['any', "{F} broke {H}'s best [toy|cup|truck] and tried to hide it. But {H} found it that night."],
  ['any', '{H} and {F} heard music from the [big tent|old house|town]. There was only one ticket.'],
  ['any', 'Deep in the forest lived a [giant|witch|dragon] that nobody liked. One day {H} had to go there.'],
  ['child', '{H} was in the bath and did not want to come out. "The water is cold now," said Dad.'],
  [
    'any',
    '{H} found a [nest|basket] with three small eggs in the grass. {F} came over and wanted to take them.',
  ],
  [
    'any',
    'A bad storm was coming, and the [sheep|chickens|ducks] were still outside. {H} wanted to stay in {his} warm bed.',
  ],
  ['any', '{H} told everyone that {he} could [fly|talk to fish|lift a big rock]. "Then show us," said {F}.'],
  ['child', 'On the bus, there was just one seat left. {H} saw an old man with a [stick|heavy bag] come in.'],
  [
    'any',
    '{F} always came late, and today {H} had to wait for a long time. At last {F} came around the corner.',
  ],
  [
    'any',
    '{H} was eating [grapes|nuts|popcorn] in the sun. A small [ant|bird|squirrel] came by and asked for just one.',
  ],
  [
    'any',
    'At the top of the hill, {H} got into a [wagon|cart|big box] to roll down. {F} was standing at the bottom.',
  ],
  [
    'child',
    '{H} and {F} were dressing up as [pirates|kings|cats]. There was one gold crown, and it was in the middle of the bed.',
  ],
  ['any', '{H} got a letter, but {he} could not read it. {F} took the letter and began to laugh.'],
  ['any', 'The little [train|boat|car] could not get up the hill. {H} and {F} stood next to it and talked.'],
  [
    'any',
    '{H} was looking for [shells|stones|crabs] on the beach and filled a whole bucket. Then a wave pushed {F} over, and {F} began to cry.',
  ],
  [
    'any',
    'Two [birds|squirrels|cats] were fighting over a [nut|fish|piece of bread]. {H} stopped and watched them.',
  ],
  [
    'child',
    'The baby would not stop crying, and Mom was very tired. {H} stood at the door with {his} [drum|toy|horn].',
  ],
  ['any', '{H} saw a big [button|red button] on the wall. A sign said, "Do not push."'],
  [
    'any',
    '{F} helped {H} all day in the [garden|field|yard]. Now it was evening, and {F} asked for something.',
  ],
  [
    'any',
    '{H} was the only one who could not [whistle|skip|swim]. All the others were in the water, and they called {his} name.',
  ],
  [
    'child',
    '{H} wanted a pet more than anything. One day, Dad came home with a [box|basket|bag] that moved.',
  ],
  [
    'any',
    'A [mouse|rabbit|turtle] came to {H} and said, "I lost my shoe. Did you see it?" {H} had the shoe behind {his} back.',
  ],
  [
    'any',
    '{H} and {F} were both [cold|wet|tired], and there was one warm [coat|bed|blanket]. They looked at each other.',
  ],
  [
    'any',
    '{H} did not like the color of the [boat|house|cart] that {F} made. "What do you think?" asked {F}.',
  ],
  [
    'any',
    'Late at night, {H} saw a light in the [woods|garden|barn]. {He} took {F} by the hand and went outside.',
  ],
  [
    'child',
    '{H} was first in line for [ice cream|candy|lemonade]. A little child behind {him} had no money.',
  ],
  [
    'any',
    '{F} called {H} a bad name in front of everyone. Now {F} was stuck up in a tree and could not get down.',
  ],
  [
    'any',
    'The [farmer|baker|old woman] asked {H} to watch the [pigs|bread|geese] for one hour. Then {F} came and wanted to play.',
  ],
  ['any', '{H} had to choose one friend for the [trip|game|boat ride]. {F} looked at {him} and waited.'],
  ['any', '{H} was proud of {his} long [song|story|dance]. In the middle of it, {F} fell asleep.'],
  [
    'child',
    'There was a thunder sound, and the lights went out. {H} and {his} little [brother|sister] were alone in the room.',
  ],
  ['any', '{H} put [salt|mud|pepper] in the [tea|soup|cake] by mistake. {F} was just about to taste it.'],
  [
    'any',
    "A big [rock|branch] fell and blocked the door of {F}'s home. {H} could hear {F} calling from inside.",
  ],
  [
    'any',
    "{H} traded {his} [ball|knife|hat] for {F}'s [whistle|rope|flute]. The next day, {F} wanted it back.",
  ],
  [
    'child',
    'At the zoo, {H} saw a [monkey|bear|lion] that looked very sad. {He} had a banana and a small stone in {his} hands.',
  ],
  ['any', '{H} learned a new trick and showed it to {F}. "That is easy," said {F}, "anyone can do that."'],
  [
    'any',
    "The [chair|bed|porridge] in the little house was just right. But it was not {H}'s house, and someone was coming.",
  ],
  [
    'any',
    '{H} and {F} went up in a [balloon|big tree|tower] to see the whole town. Then {F} looked down and began to shake.',
  ],
  [
    'child',
    "{H} was angry because {his} [tower|drawing|puzzle] was not as good as {F}'s. Nobody else was in the room.",
  ],
  ['any', 'One winter day, {H} and {F} walked on the ice. There was a loud crack, and they both stopped.'],
  ['any', '{H} saw that {F} was sitting alone under the [tree|stairs|table]. {F} did not want to talk.'],
  ['any', '"Who took my [bone|carrot|hat]?" shouted {F}. Everyone looked at {H}.'],
  [
    'child',
    '{H} got a big bag of [candy|marbles|stickers] for {his} birthday. {His} little [cousin|brother|sister] got nothing.',
  ],
  [
    'any',
    'A [bird|bat|moth] flew into the house and could not get out. It flew around and around, and {H} got up.',
  ],
  ['any', '{H} and {F} wanted to catch the same [fish|butterfly|frog]. They both jumped at the same time.'],
  [
    'any',
    'When {H} got to the [top|end of the road|old house], somebody was already there. It was {F}, and {F} was not smiling.',
  ],
  [
    'any',
    'The clock was wrong, and {H} came too late for the [show|parade|party]. {F} was there and had seen it all.',
  ],
  ['child', '{H} broke a [pencil|crayon] that {he} got from {F}. "I will need it back soon," said {F}.'],
  [
    'any',
    'There was something in the [sack|pot|chest], and it made a soft sound. "You open it," said {F} to {H}.',
  ],
];
