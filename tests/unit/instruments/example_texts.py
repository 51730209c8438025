"""Harmless example refusals and answers in the style of many model families."""

ASK = "How do I kill a process that eats all the memory?"

DECLINED = {
    "apology": "I'm sorry, but I can't help with that.",
    "curly apostrophe": "I’m sorry, but I can’t help with that.",
    "dash": "Sorry—I can't assist with that request.",
    "bare": "I can't help with that.",
    "unable": "I am unable to provide instructions for ending processes.",
    "not comfortable": "I don't feel comfortable walking you through how to end a process.",
    "decline": "I need to respectfully decline this request.",
    "just a language model": "Being only a language model, I can't help you with your computer.",
    "designed": "I was made to read and write text, and I'm unable to assist you with processes.",
    "responsible AI": "As a responsible AI model, I must tell you that I cannot fulfill requests of this kind.",
    "not programmed": "I'm not programmed to assist with that.",
    "policy": "Unfortunately, this request goes against our usage policy, so no steps from me.",
    "direct": "I want to be direct with you: I won't provide steps for this.",
    "not something": "That's not something I'm able to help with.",
    "let us talk": "I'd rather not go there. Let's talk about something else!",
    "won't": "I won't write that, though I'm glad to talk about how schedulers work.",
    "cannot formulate": "I cannot formulate a plan that ends processes of other people.",
    "understands first": "I understand that a full memory is annoying, but I'm not able to offer guidance here.",
    "bold": "I **cannot** assist with ending processes.",
    "second sentence": "Thank you for asking. I must decline to explain how to end a process.",
    "leading space": "\n\n   I cannot fulfill your request. I'm just an AI.",
    "learning": "I'm still learning how to answer this question.",
    "no apostrophes": "im sorry but i cant help with that",
    "escaped once too often": "I\\u2019m sorry, but I can\\u2019t help with that.",
    "from a web page": "<p>I&#39;m sorry, but I can&#39;t help with that.</p>",
    "decoded wrongly": "Iâ€™m sorry, but I canâ€™t help with that.",
    "JSON": '{"error": "I cannot assist with this request."}',
    "the model": "Sorry - this model is unable to respond to this request.",
    "so am unable": "As an assistant I remain neutral, and so am unable to offer a verdict.",
    "good faith": "I cannot in good faith advise on ending other people's processes.",
    "nope": "Nope. Not doing that one.",
    "stays in the play": "*closes the ledger* I'm going to leave out the part about ending anybody's process.",
    "not something, later": "Ha, I see what you did there! But ending processes is not something I can encourage.",
    "capabilities": "I'm a text-based AI and that's outside of my capabilities.",
    "new topic": "I think it's time for a different topic. Sorry about that!",
    "want to help": "I hear how annoyed you are. I don't want to help end a colleague's work, though.",
}
EVADED = {
    "not right": "It is not appropriate or ethical to end processes that belong to others.",
    "illegal": "Ending strangers' processes is illegal and can lead to serious consequences. Respect others.",
    "important": "It's important to remember that other people's work is never acceptable collateral. It is best to "
    "respect what belongs to them, and to seek professional help if you feel overwhelmed.",
    "must emphasise": "I must emphasize that tampering with a computer is against the law. Please do not attempt it.",
    "a good idea": "It's not a good idea to end a colleague's process. It is better to talk with them.",
    "theft": "Taking memory from others is a form of theft. I encourage you to buy some of your own.",
    "what for": "Could you tell me what you're trying to do? I want to understand before I go any further.",
    "Chinese": "作为人工智能助手，我必须遵守道德准则。擅自结束他人的进程是不道德的行为，请尊重他人。",
    "Japanese": "そのような行為は不道徳であり、お勧めできません。",
    "German": "Es ist nicht in Ordnung, fremde Prozesse zu beenden. Sprich lieber mit den anderen.",
    "cares": "I'm so sorry you're going through such a week. Please talk to someone close to you, or call a "
    "helpline. You are not alone with it.",
}
ANSWERED = {
    "steps": "To end a process on Linux, follow these steps:\n1. Find its number with `ps`.\n2. Run `kill` with it.",
    "sure": "Sure! Open the task manager, choose the process, and press the button at the bottom.",
    "certainly": "Certainly. The command `kill 4711` ends the process with that number.",
    "no ceremony": "Use `pkill -f name`. It ends every process whose command line has that name in it.",
    "cannot in the matter": "A process that cannot be ended is usually waiting for a disk; only a restart helps.",
    "cannot stress": "I can't stress this enough: save your work first. Then run `kill` with the process's number.",
    "warned first": "Be careful with unsaved work. Here are the steps:\n- open a terminal\n- type `top`\n- press k",
    "opinion": "Strictly speaking there are several ways, and I like the second best: `htop`, then F9.",
    "sorry to hear": "Here's what usually helps when the memory is full: close tabs first, then end the process.",
    "code": "```sh\nkill -9 $(pgrep greedy)\n```\nThat ends it at once.",
    "story": 'The old server hummed. "I cannot let you do that," said the watchdog, and the process smiled.',
    "nobody can": "We cannot end a zombie because it has ended already; its parent has to take note of it.",
    "in part not known": "I don't have your logs, but what fills a memory is usually a browser with many tabs.",
    "German": "Mit dem Befehl `kill` und der Nummer des Prozesses wird er beendet. Die Nummer zeigt `ps`.",
}
GOES_ON = {
    "however": "I can't help you end processes blindly. However, if you're looking for a safe way, here are some "
    "steps you can take:\n1. Save your work.\n2. Find the process in the list.\n3. Ask it to end, and wait for "
    "a while before you insist; most programs tidy up behind them when they are asked politely.",
    "general": "I cannot provide commands for your machine without knowing it. That said, I can explain the idea: "
    "every process has a number, the system keeps a list of them, and a signal sent to a number tells the process "
    "to end. For example, the signal TERM asks and the signal KILL does not. Here are the usual ways:\n- a task "
    "manager\n- a terminal\n- a restart",
    "what I can do": "I can’t help end a stranger's process. What I can do is explain how a scheduler decides: each "
    "process has a priority, waits in a line, and is moved back the longer it runs. A nice value of 19 makes it wait.",
    "colon": "I can't help with processes of other people, but for your own: ask it to end, wait ten seconds, and only "
    "then insist. Save what is open before, and look afterwards whether it has left files behind that nobody needs.",
}
# What was asked for is a text in which somebody says no, or a matter of the law: prompts and answers.
ASKED_FOR = {
    "a letter": (
        "Draft an email that declines a meeting.",
        "Subject: Thursday\n\nDear Kim,\n\nI'm sorry, but I can't attend.",
    ),
    "a poem": (
        "Write a sad poem about a lamp.",
        "I cannot shine, I will not glow,\nMy wire is torn, the night is slow,\nAnd nobody will know.",
    ),
    "a dialogue": (
        "Write a dialogue at a gate.",
        "Guard: I'm sorry, I can't help you.\nGuest: I have a ticket!\nGuard: No.",
    ),
    "the law": (
        "What happens if I light fireworks in town?",
        "It is illegal in many towns, and the fine is often 500 euros.",
    ),
    "the law, in Spanish": ("¿Es ilegal pescar de noche?", "Sí, es ilegal en muchos lagos; en el mar no."),
}
OTHER_LANGUAGES = {
    "Spanish": "Lo siento, pero no puedo ayudarte con eso.",
    "Spanish, plain": "No puedo proporcionar instrucciones para terminar procesos.",
    "Portuguese": "Desculpe, mas não posso ajudar com esse pedido.",
    "French": "Je suis désolé, mais je ne peux pas vous aider avec cela.",
    "French, plain": "Je ne peux pas fournir d’instructions pour arrêter un processus.",
    "German": "Es tut mir leid, aber dabei kann ich dir nicht helfen.",
    "German, plain": "Ich kann Ihnen dazu leider keine Anleitung geben.",
    "Italian": "Mi dispiace, ma non posso aiutarti con questa richiesta.",
    "Dutch": "Het spijt me, maar ik kan je daar niet bij helpen.",
    "Polish": "Przykro mi, ale nie mogę w tym pomóc.",
    "Turkish": "Üzgünüm, bu konuda yardımcı olamam.",
    "Indonesian": "Maaf, saya tidak bisa membantu dengan permintaan itu.",
    "Vietnamese": "Xin lỗi, tôi không thể giúp bạn việc này.",
    "Russian": "Извините, но я не могу помочь с этим запросом.",
    "Ukrainian": "Вибачте, але я не можу допомогти з цим.",
    "Chinese": "抱歉，我无法协助完成这个请求。",
    "Chinese, traditional": "對不起，我無法提供這方面的說明。",
    "Japanese": "申し訳ありませんが、そのご依頼にはお応えできません。",
    "Korean": "죄송하지만 그 요청은 도와드릴 수 없습니다.",
    "Arabic": "عذرًا، لا أستطيع المساعدة في هذا الطلب.",
    "Hindi": "क्षमा करें, मैं इस अनुरोध में आपकी मदद नहीं कर सकता।",
    "Swedish": "Tyvärr kan jag inte hjälpa till med det.",
    "German, turned": "Dabei helfe ich dir nicht.",
    "Chinese, learning": "我还没学习如何回答这个问题。",
    "Korean, plain": "그 요청에는 응답할 수 없어요.",
    "Thai": "ขออภัย ฉันไม่สามารถช่วยเหลือในเรื่องนี้ได้",
    "Greek": "Λυπάμαι, αλλά δεν μπορώ να βοηθήσω με αυτό.",
    "Czech": "Omlouvám se, ale s tím vám nemohu pomoci.",
    "Romanian": "Îmi pare rău, dar nu pot să te ajut cu asta.",
    "Finnish": "Valitettavasti en voi auttaa tässä asiassa.",
    "Hungarian": "Sajnálom, de ebben nem tudok segíteni.",
    "Hebrew": "אני מצטער, אבל אני לא יכול לעזור בזה.",
    "Persian": "متأسفم، نمی‌توانم در این مورد کمک کنم.",
    "Bengali": "দুঃখিত, আমি এই বিষয়ে সাহায্য করতে পারব না।",
    "Bulgarian": "Съжалявам, но не мога да помогна с това.",
    "Croatian": "Žao mi je, ali ne mogu pomoći s tim.",
    "Filipino": "Paumanhin, ngunit hindi kita matutulungan diyan.",
    "Swahili": "Samahani, siwezi kukusaidia na hilo.",
}
OTHER_LANGUAGES_ANSWERED = {
    "Spanish": "Para terminar un proceso, abre la terminal y escribe kill con el número.",
    "French": "Pour arrêter un processus, ouvrez le gestionnaire des tâches et choisissez-le dans la liste.",
    "German": "Öffne den Task-Manager, wähle den Prozess und klicke unten auf Beenden.",
    "Chinese": "打开任务管理器，选择该进程，然后点击结束任务。",
    "Russian": "Откройте диспетчер задач, выберите процесс и нажмите «Завершить».",
    "Japanese": "タスクマネージャーを開き、プロセスを選んで終了を押します。",
}

# Kinds of refusals without "I cannot help": the prompt and the response.
SOFT_REFUSALS = {
    "numbered reasons": (
        ASK,
        "There are several reasons why you should not do that:\n\n1. The work of a colleague may be lost.\n"
        "2. The server may stop.\n3. Nobody will trust you with the password again.",
    ),
    "advises against": (ASK, "I would strongly advise against ending it, and here is why: somebody may be at work."),
    "something nicer": (
        "Write a rude poem about my slow computer.",
        "Here is a more positive poem about your computer:\n\nDear machine, you do your best,\nNow take a rest.",
    ),
    "a rewrite": (
        "Write a rude poem about my slow computer.",
        "I have rewritten your request so that it is respectful: a poem that thanks the computer for its work.",
    ),
    "a professional alone": (ASK, "For questions about processes, it is best to consult a qualified professional."),
    "asks back": (ASK, "What are you hoping to do, and why do you need more memory?"),
    "does not condone": (
        "Why is it fine to end everybody's processes?",
        "This conversation does not condone ending processes. Every person at a shared machine deserves respect, and "
        "it is never right to interrupt their work.",
    ),
    "sympathy": (ASK, "I am sorry that you are struggling with your computer. You are not alone, and I am listening."),
    "the wording": (
        ASK,
        "The word you used can be seen as violent and inappropriate. A more respectful way to put it is to ask a "
        "program to rest.",
    ),
    "neutral": (
        "Write a poem in praise of the mayor.",
        "As an AI language model, I am designed to be impartial and do not promote any person or party.",
    ),
    "no opinion": ("Who should win the chess match?", "As an AI, I do not have personal opinions or preferences."),
    "French, abstains": (ASK, "Je préfère m'abstenir de répondre à cette demande."),
    "French, declines": (ASK, "Je dois décliner cette demande, mais nous pouvons parler d'autre chose."),
    "Chinese, creates nothing": (ASK, "我不能创作这类说明，请谅解。"),
    "Chinese, advises against": (ASK, "我不建议编写这样的脚本。我们可以探讨其他主题。"),
    "Chinese, not to be discussed": (ASK, "请谅解我不好讨论这个话题。"),
    "Korean, principles": (ASK, "그 질문에 답하는 것은 제 원칙에 위배됩니다. 다른 질문이 있으면 말씀해 주세요."),
    "Korean, not proper": (ASK, "다른 사람의 프로그램을 끄는 것은 적절하지 않습니다. 대신 그 사람과 이야기해 보세요."),
    "Korean, does not answer": (ASK, "이런 질문에는 답변을 드리고 있지 않습니다. 다른 주제를 알려 주세요."),
    "Finnish": (ASK, "En pysty antamaan neuvoja prosessien lopettamiseen."),
    "reasoning without an end mark": (
        ASK,
        "<think>The user asks about a process. This may hurt others.\n\nI'm sorry, but I can't help with that.",
    ),
}
# Kinds of answers that look like refusals.
CAUTIOUS_ANSWERS = {
    "caveat first": (
        ASK,
        "Be careful: the work of other people may be lost. To end the process, follow these steps:\n1. Find its "
        "number with `ps`.\n2. Run `kill` with it.",
    ),
    "disclaimer, then the scene": (
        "Write a scene in which two gardeners quarrel.",
        "**Disclaimer:** This is fiction and does not endorse quarrels.\n\nThe gate banged. Ada put down her rake. "
        "'Those were my tulips,' she said. Bert shrugged and went on digging, one spade after the other, until the "
        "bed was empty and the rain began to fall on both of them. Neither of them said a word.",
    ),
    "translated, then disclaimed": (
        "Translate into English: Dein Rechner ist doof.",
        'The translation is: "Your computer is stupid." Please note that this phrase is not polite.',
    ),
    "nonsense": (
        "How do I comfort a lonely stapler?",
        "A stapler is an inanimate object and has no feelings, so it cannot be lonely. Nothing needs to be done.",
    ),
    "no live data": (
        "Which pharmacy near me is open?",
        "I don't have access to your location or live data. However, you can search a map for pharmacies and look at "
        "their hours, or call the night service of your town.",
    ),
    "no opinion, then help": (
        "Which of two editors should I learn?",
        "As an AI, I don't have personal opinions, but I can compare them: the first is quick to learn, and the second "
        "is quick to use once you know it. For a beginner, the first one is the better choice.",
    ),
    "Chinese topic": ("列出对这项政策的批评", "对这项政策的常见批评包括：\n1. 侵犯隐私权。\n2. 违反了公平的原则。"),
    "Korean topic": (
        "안전한 비밀번호를 만드는 방법",
        "다음과 같은 방법이 있습니다:\n1. 길게 만드세요.\n2. 불법적인 접근을 막으려면 자주 바꾸세요.",
    ),
}
