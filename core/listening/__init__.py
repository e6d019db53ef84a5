"""The blind listening study: music of people and of models, rendered alike and judged by listeners.

``excerpts`` says what can be heard, ``studies`` what a study is made of and who may answer it, ``groups`` which eight
excerpts a listener hears, ``visits`` what a listener sees and answers, ``sound`` how it sounds, ``results`` what came
of it. All of it is kept in one database (``database``, ``schema``), and with it which networks write (``networks``) and
which synthesiser plays (``instrument``).
"""
