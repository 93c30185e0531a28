/** Words with commas between, as people write them; each once. Pure. */
export const tags = (text: string): string[] => [...new Set(text.split(/[,，、]/).map((one) => one.trim()).filter(Boolean))];
