package traps

// scope is the kind of code inside an open bracket, or after an arrow.
type scope uint8

const (
	block  scope = iota // statements, or the body of a class
	body                // the body of a function
	arrow               // the body of an arrow function without braces
	group               // an expression in parentheses
	object              // an object literal
	array               // an array literal
	index               // the index of an array
)

// bracket is an open bracket.
type bracket struct {
	scope
	at       int  // the index of its token
	commas   int  // the commas in it, without those in inner brackets
	begun    bool // it is not empty
	last     bool // the last token was a comma
	question int  // question marks whose colons have not come yet
	ternary  bool // the last colon belonged to a question mark
	traps    int  // the number of traps that were found before it
	of       int  // for a group: the index of the token before it, or -1
	inGroup  bool // it is in parentheses, or is itself a pair of parentheses
	inCall   bool // it is in a function that is called for events, or is the body of that function
}
