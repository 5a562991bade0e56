import { createContext, useContext } from 'react'

const ShowProfile = createContext<(user: string) => void>(() => {})

/** Around an open room: shows who a user is. */
export const ShowProfileProvider = ShowProfile.Provider

/** Shows the profile card of a user in the open room. */
export const useShowProfile = (): ((user: string) => void) => useContext(ShowProfile)
