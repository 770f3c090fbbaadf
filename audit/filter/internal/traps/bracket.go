package traps

// scope is what a bracket that is open, or an arrow, has within it.
type scope uint8

const (
	block  scope = iota // statements, of a class too
	body                // of a function
	arrow               // of a function without braces
	group               // in parentheses
	object              // a literal
	array               // a literal
	index               // of an array
)

// bracket is one that is open.
type bracket struct {
	scope
	at       int  // its token
	commas   int  // of it, not of what is in it
	begun    bool // it is not empty
	last     bool // the last token was a comma
	question int  // ? without their :
	ternary  bool // the last : was that of a ?
	traps    int  // that were found before it
	of       int  // group: the token before it, or -1
	inGroup  bool // it is in parentheses, or is those
	inCall   bool // it is in a function that is called for events, or is one
}
