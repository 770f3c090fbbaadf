package cli

type Command struct{}
