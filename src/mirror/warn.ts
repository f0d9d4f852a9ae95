/** Told, in one line each, of what people should know but what is no error. */
export type Warn = (message: string) => void;
