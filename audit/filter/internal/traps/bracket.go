package traps

// scope says what is within an open bracket, or after an arrow.
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
	commas   int  // without those in brackets within it
	begun    bool // it is not empty
	last     bool // the last token was a comma
	question int  // question marks without their colons
	ternary  bool // the last colon was that of a question mark
	traps    int  // found before it
	of       int  // for a group: the token before it, or -1
	inGroup  bool // in parentheses; also for the parentheses themselves
	inCall   bool // in a function that is called for events; also for the function itself
}
