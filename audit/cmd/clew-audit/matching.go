package main

// matching is the flags that find and sql share: what an event must have, besides the words.
type matching struct {
	Trace   string   `help:"Only events of this trace: 16 or 32 digits, or a text that has them in it, such as a traceparent." placeholder:"ID"`
	App     string   `help:"Only events of this app." placeholder:"NAME"`
	Message string   `help:"Only events with this message." placeholder:"TEXT"`
	Name    string   `help:"Only events that have passed the filter of this name: filter=NAME says the same." placeholder:"FILTER"`
	Context []string `help:"Only events with this value under this key, also where the key is called filter. May be given several times." placeholder:"KEY=VALUE" sep:"none"`
}
