package main

// matching holds the flags that find and sql share. An event must match them as well as the
// arguments.
type matching struct {
	Trace   string   `help:"Only events of this trace: 16 or 32 digits, or a text that contains them, such as a traceparent." placeholder:"ID"`
	App     string   `help:"Only events of this app." placeholder:"NAME"`
	Message string   `help:"Only events with this message." placeholder:"TEXT"`
	Name    string   `help:"Only events that have passed the filter of this name: the same as filter=NAME." placeholder:"FILTER"`
	Context []string `help:"Only events with this value under this key, even if the key is called filter. May be given several times." placeholder:"KEY=VALUE" sep:"none"`
}
